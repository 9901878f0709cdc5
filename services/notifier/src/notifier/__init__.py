"""Fans the log out into Socket.IO rooms, from any position, keeping nothing on disk."""
