"""What went wrong: one file a safety net, around the compiled kernels."""
