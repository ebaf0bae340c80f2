"""Our models as the embedder of other libraries, one module each; nothing of them is imported before it is used."""
