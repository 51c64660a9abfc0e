#!/usr/bin/env python3
"""Checks SBML files with libSBML: prints every error, exits with 1 if there is one.

    pip install python-libsbml
    MECHFIT_WRITE_TO=DIR cargo test --test all sbml_suite::what      # writes each suite model that was read
    python3 tests/check_sbml.py DIR/*.xml
"""
import sys

import libsbml


def errors(path):
    document = libsbml.readSBML(path)
    document.checkConsistency()
    found = (document.getError(i) for i in range(document.getNumErrors()))
    return [e for e in found if e.getSeverity() >= libsbml.LIBSBML_SEV_ERROR]


def main(paths):
    wrong = 0
    for path in paths:
        for error in errors(path):
            wrong += 1
            print(f"{path}:{error.getLine()}: {error.getErrorId()} {error.getMessage().strip()}")
    print(f"{len(paths)} files, {wrong} errors")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
