fn main() -> std::process::ExitCode {
    mechfit::cli::main()
}
