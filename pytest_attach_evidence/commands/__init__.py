"""The commands of `attach-evidence`, one module each with a `main(arguments) -> exit status`."""
