"""Plans in GitHub Actions: the job's event, the comment, the status that binds a digest to a commit, step outputs."""
