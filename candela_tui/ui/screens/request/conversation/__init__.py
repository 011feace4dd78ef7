"""The content of a conversation: blocks, tool arguments, images and documents."""
