"""Text of one file -> what it says, with lines; nothing here touches a disk."""
