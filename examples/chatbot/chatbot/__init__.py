"""A small chatbot service that says what it computes on."""
