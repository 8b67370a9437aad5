"""The broadcaster: changes in, WebSocket frames out."""
