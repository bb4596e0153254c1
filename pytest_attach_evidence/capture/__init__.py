"""What a test leaves behind: pictures of its browsers, its logs, the files it wrote."""
