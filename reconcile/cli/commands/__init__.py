"""One file a command: it parses, calls one function of the project layer, and turns the result into text."""
