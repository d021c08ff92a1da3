"""The deep scan (optional): what an implementation answers to the tricks that old ones fall for, and every suite. By sslyze."""
