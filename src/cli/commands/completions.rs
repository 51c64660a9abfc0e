//! `completions`: what shells and `man` read.

use std::path::PathBuf;

use clap_complete::Shell;

use super::super::common::Display;
use super::super::console::Console;
use super::super::{Exit, Failure, grammar};
use crate::study::atomic;

/// Print the completions of a shell, or write the man pages.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mechfit completions bash > ~/.local/share/bash-completion/completions/mechfit\n  mechfit completions --man ~/.local/share/man/man1"
)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub struct Arguments {
    /// Shell
    #[arg(group = "what")]
    pub shell: Option<Shell>,
    /// Write the man pages of every command to this folder
    #[arg(long, value_name = "DIR", group = "what")]
    pub man: Option<PathBuf>,
    #[command(flatten)]
    pub display: Display,
}

impl Arguments {
    /// Prints the completions or writes the pages.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        if let Some(shell) = self.shell {
            let mut bytes = Vec::new();
            clap_complete::generate(shell, &mut grammar(), "mechfit", &mut bytes);
            console.raw(&String::from_utf8_lossy(&bytes));
        }
        if let Some(folder) = &self.man {
            for (name, page) in pages().map_err(|e| Failure::Internal(e.to_string()))? {
                atomic::write(&folder.join(&name), &page)?;
                console.line(folder.join(name).display().to_string());
            }
        }
        Ok(Exit::Ok)
    }
}

/// Name and text of the man page of the program and of each command.
fn pages() -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut program = grammar();
    program.build();
    let mut pages = Vec::new();
    let mut page = |command: clap::Command, name: String| -> std::io::Result<()> {
        let mut text = Vec::new();
        clap_mangen::Man::new(command)
            .title(name.clone())
            .render(&mut text)?;
        pages.push((format!("{name}.1"), text));
        Ok(())
    };
    page(program.clone(), "mechfit".into())?;
    for command in program.get_subcommands().filter(|c| c.get_name() != "help") {
        page(command.clone(), format!("mechfit-{}", command.get_name()))?;
    }
    Ok(pages)
}
