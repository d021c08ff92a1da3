"""The signature language: a strict subset of the Nuclei template format, as sans-IO programs (docs/signatures.md).

    text --load--> Template --program(endpoint)--> asks out, answers in --> Match | NotTested | None

Values from a server are data: they are searched, compared and reported, never rendered into an ask and never evaluated.
"""
