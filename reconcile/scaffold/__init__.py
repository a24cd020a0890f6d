"""What `init` writes: a project that works at once, on the emulator, with comments that say what to change."""
