"""Item `hosts`, the preliminary inspection (予備検査, 6.2.2.3): does the declaration name what is there, and all that is there?

Comes in: the declared server, what else its system declares, and the resolvers that the order names. Goes out: what every declared
port does, what the DNS says of every declared name and address, and where the two disagree with the declaration.
Forbidden here: asking a resolver that the order does not name; looking at anything that was not declared.
"""
