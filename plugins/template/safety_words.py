"""Words by which a template is known to do more than read. Each line is an RE2 pattern; all of them ignore case.

They are about what is sent. A word too many keeps out a template that could be written differently; a word too few hurts a shop,
so when in doubt a word stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import re2

_SPACE = r"(?:\s|\+|\$\{ifs\}|\$ifs|%20|%09)+"
_BEGIN = r"(?:^|[;|&`\n(\s=\"'{,/]|\$\(|%0a)"
_NAMES_A_THING = "(?:action|act|do|cmd|op|task|method|mode|func|function|oper|event|type|page|controller)"
_CHANGES = (
    "(?:delete|remove|create|add_|adduser|insert|update|save|write|upload|edit|reset|install_|uninstall|enable|disable|activate|"
    "register|import|restore|send|approve|change|set_?pass|logout|purge|flush|truncate)"
)
_ACTIONS = "(?:delete|remove|upload|shutdown|reboot|restart|logout|factory-?reset|adduser|createuser|useradd|deluser)"

DELAYS = {
    "waits in SQL": (
        *(r"\b(?:pg_)?sleep\s*\(", r"\bwaitfor\s+delay", r"\bbenchmark\s*\(", r"\bdbms_(?:pipe|lock|session)\."),
        *(r"\brandomblob\s*\(", r"\bgenerate_series\s*\(\s*1\s*,\s*[0-9]{5,}"),
    ),
    "waits in a shell or program": (
        rf"{_BEGIN}sleep{_SPACE}[0-9]",
        rf"{_BEGIN}timeout{_SPACE}(?:/t{_SPACE})?[0-9]",
        rf"{_BEGIN}ping{_SPACE}-[cn]{_SPACE}[0-9]",
        *(r"\b(?:thread|time)\.sleep", r"\busleep\s*\(", r"\bstart-sleep\b"),
    ),
}
"""What makes a server wait."""

WRITES = {
    "writes in SQL": (
        *(
            r"\bdrop\s+(?:table|database|user|view)",
            r"\bdelete\s+from\b",
            r"\binsert\s+into\b",
            r"\bupdate\s+\w+\s+set\b",
        ),
        *(
            r"\balter\s+(?:table|user|system)",
            r"\btruncate\s+table",
            r"\bcreate\s+(?:table|user|database|function|view)",
        ),
        *(r"\binto\s+(?:out|dump)file\b", r"\bxp_cmdshell\b", r"\bgrant\s+all\b", r"\bsp_oacreate\b"),
        r"\bcopy\s+\w+\s+(?:from|to)\s+program\b",
    ),
    "writes in a shell": (
        rf"{_BEGIN}(?:touch|rm|mkdir|rmdir|chmod|chown|useradd|adduser|userdel|passwd|mv|cp|tee|dd|ln){_SPACE}[-/a-z0-9$.\"'_]",
        rf"{_BEGIN}(?:wget|curl|certutil|bitsadmin|nc|ncat|socat|telnet|ssh){_SPACE}[-/a-z0-9$.\"'{{]",
        rf"{_BEGIN}(?:mkfifo|kill|killall|pkill|shutdown|reboot|halt|crontab|systemctl){_SPACE}?[-/a-z0-9$.\"']*",
        rf"{_BEGIN}sed{_SPACE}-i\b",
        r">{1,2}\s*(?:/|[a-z0-9_]+\.(?:txt|php|jsp|aspx?|html?|sh)\b)",
        *(r"\bnew-localuser\b", r"\bnet\s+(?:user|localgroup)\s", r"\bpowershell\b"),
    ),
    "writes or runs something from a language": (
        *(r"\bfile_put_contents\b", r"\bfwrite\s*\(", r"\bmove_uploaded_file\b", r"\bunlink\s*\(", r"\bproc_open\b"),
        *(
            r"runtime\.getruntime",
            r"processbuilder",
            r"\bsystem\s*\(",
            r"\bshell_exec\b",
            r"\bpassthru\s*\(",
            r"\bpopen\s*\(",
        ),
        *(
            r"child_process",
            r"\bos\.system\b",
            r"\bsubprocess\.",
            r"__import__",
            r"<\?php\b",
            r"<%[@=!]?\s",
            r"\bjndi:",
        ),
        *(
            r"\beval\s*\(",
            r"\bassert\s*\(",
            r"class\.module\.classloader\.(?:resources|defaultassertion)",
            r"#_memberaccess",
            r"@java\.lang\.",
        ),
        *(r"freemarker\.template\.utility\.execute", r"\bgetclassloader\b", r"\bscriptenginemanager\b"),
    ),
}
"""What writes, in whatever place it is sent."""

TARGETS = {
    "its target names an action that changes something": (
        rf"[?&;]{_NAMES_A_THING}=[a-z0-9_.-]*{_CHANGES}",
        r"[?&](?:new_?pass(?:word)?|passwd|pwd2)=",
        rf"/{_ACTIONS}(?:[-_.][a-z0-9_.-]*)?(?:$|[?;])",
    ),
    "it overrides the method": (r"[?&]_?method=(?:put|delete|patch|post)",),
}
"""What changes something when it is asked for, even by GET."""

LINES = {
    "its words change something": (
        # Redis, memcached
        r"^\s*(?:set|mset|del|flushall|flushdb|config\s+(?:set|rewrite|resetstat)|save|bgsave|shutdown|slaveof|replicaof|eval)\b",
        r"^\s*(?:script|module|debug|migrate|restore|rename|append|incr|publish|client\s+kill)\b",
        r"^\s*(?:set|add|replace|incr|decr|delete|touch)\s\S+\s[0-9]+|^\s*flush_all\b",
        # FTP, SMTP, POP3, IMAP
        r"^\s*(?:dele|stor|stou|appe|x?rmd|x?mkd|rnfr|rnto|allo|site)\b",
        r"^\s*(?:mail\s+from|rcpt\s+to|expn|turn|etrn)\b|^\s*data\s*$",
        r"^\s*[a-z0-9]+\s+(?:create|delete|rename|store|expunge|append|copy)\s",
        # ZooKeeper
        r"^\s*(?:kill|shut)\s*$",
    ),
    "it logs in": (
        r"^\s*user\s+\S+\s*$",
        r"^\s*pass\s+\S",
        r"^\s*auth\s+\S",
        r"^\s*[a-z0-9]+\s+(?:login|authenticate)\s",
    ),
}
"""What the words of text protocols change."""

ANONYMOUS = (r"^\s*user\s+(?:anonymous|ftp)\s*$", r"^\s*pass\s+\S*@\S*\s*$")
"""A login that is meant for everybody."""
LOGIN_NAMES = (r"^(?:user(?:s|name|names)?|login|pass(?:es|word|words|wd)?|pwd|pin|secret|cred(?:s|entials)?)$",)
"""Names of payloads by which somebody tries to log in."""


def compiled(patterns: tuple[str, ...]) -> Any:  # noqa: ANN401 - re2 has no types
    """Compile alternatives for bytes."""
    return re2.compile(("(?im)" + "|".join(f"(?:{pattern})" for pattern in patterns)).encode())


def table(words: Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, Any], ...]:
    """Compile a table of reasons and patterns."""
    return tuple((why, compiled(patterns)) for why, patterns in words.items())
