"""The served side: questions about the read models, answered over HTTP."""
