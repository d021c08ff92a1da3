"""The words of every face in Japanese and English.

Comes in: English sentences as they stand in the code and the templates. Goes out: the same sentence in the reader's language.
`ja/LC_MESSAGES/tenken.po` is the Japanese catalogue, read at run time; `python -m dashboards.locale.catalogue` brings it up to
date. The terms are those of the inspection rules.
"""
