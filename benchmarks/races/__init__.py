"""The benchmarks themselves: each module plays one and yields its rows, ratios and points."""
