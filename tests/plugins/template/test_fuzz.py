"""Fuzzing: whatever an author writes is loaded or refused, whatever a server says is judged, in bounded time. No crash, no eval."""

from __future__ import annotations

import contextlib
import json
import string
import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugins.ask import Answer, DnsAnswer, DnsRecord, HttpAnswer, HttpAsk, NoAnswer, TcpAnswer, TlsAnswer, WebEndpoint
from plugins.template import json_path, xpath
from plugins.template.certificate import told
from plugins.template.chance import Chance, Occasion
from plugins.template.cookies import Jar
from plugins.template.evaluate import evaluate
from plugins.template.expression import ExpressionError, parse
from plugins.template.filling import MarkerError, fill, read
from plugins.template.flow import FlowError
from plugins.template.flow import parse as parse_flow
from plugins.template.functions import TABLE
from plugins.template.json_path import QueryError
from plugins.template.json_steps import JsonError
from plugins.template.load import TemplateError, load
from plugins.template.pattern import PatternError
from plugins.template.program import Match, NotTested, replay
from plugins.template.redirect import followed
from plugins.template.values import EvaluationError, Value
from plugins.template.view import View
from plugins.template.xpath import XPathError
from tests.plugins.template.samples import ENDPOINT, HEAD, OCCASION, template

SLOW = 10.0
"""Seconds: not a measurement, but the difference between slow machines and something that hangs."""
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CHANCE = Chance(Occasion(seed="fuzz", at=1), "x")

VALUES = st.one_of(
    st.binary(max_size=40),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.booleans(),
    st.lists(st.binary(max_size=5), max_size=3).map(tuple),
    st.sampled_from([b"5", b"%Y", b"sha1", b"HS256", b">I", b"[", b"$1", b"1.2.3", b">= 1", b"{}", b"192.0.2.0/30"]),
)
NAMES: dict[str, Value] = {"body": b"Hello \xff World", "n": 7.0, "t": True, "l": (b"a", b"b")}


@FEW
@given(st.sampled_from(sorted(TABLE)), st.lists(VALUES, max_size=4))
def test_every_function_gives_a_value_or_says_why_not(name: str, arguments: list[Value]) -> None:
    function = TABLE[name]
    if len(arguments) < function.least or (function.most is not None and len(arguments) > function.most):
        return
    # Patterns are checked before a call is ever made, because they must be written out.
    expected = (EvaluationError, PatternError, UnicodeDecodeError) if "regex" in name else (EvaluationError,)
    try:
        made = function.body(CHANCE, *arguments) if function.draws else function.body(*arguments)
    except expected:
        return
    assert isinstance(made, bytes | float | bool | tuple)


PIECES = [
    *("contains", "(", ")", "body", ",", '"', "'", "{{", "}}", "n", "+", "==", "&&", "!", "l", "\\"),
    *("md5", "x_1", " ", "1", "len"),
]


@FEW
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=40))
def test_texts_with_markers_are_filled_in_or_refused(text: str) -> None:
    for known in (None, {"body", "n"}):
        for lenient in (True, False):
            try:
                made = fill(read(text, known, lenient=lenient), NAMES.get, CHANCE)
            except (MarkerError, EvaluationError):
                continue
            assert isinstance(made, bytes)
    with contextlib.suppress(ExpressionError, EvaluationError):
        evaluate(parse(text).tree, NAMES.get, CHANCE)


@FEW
@given(st.text(alphabet='http(1)&|!;"a \n/', max_size=60) | st.text(max_size=20))
def test_flows_are_read_or_refused(text: str) -> None:
    with contextlib.suppress(FlowError):
        assert parse_flow(text)


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", "c"]), below, max_size=3),
    max_leaves=20,
)
QUERY = [
    *(".", "a", ".a", "[", "]", "0", "-1", ":", "|", ",", "?", "//", "..", "select(", "map(", ")"),
    *("length", "keys", "tostring", '"a"', "==", " and ", "test("),
]


@FEW
@given(st.lists(st.sampled_from(QUERY), max_size=12).map("".join), TREES)
def test_json_queries_end(query: str, tree: object) -> None:
    try:
        walk = json_path.parse(query)
    except QueryError:
        return
    found = list(json_path.results(walk, tree))
    assert len(found) <= json_path.MAX_RESULTS
    assert all(isinstance(data, bytes) for data in found)


@FEW
@given(st.binary(max_size=200) | st.text(alphabet='{}[]":,0e-N ', max_size=60).map(str.encode))
def test_any_bytes_are_json_or_not(data: bytes) -> None:
    with contextlib.suppress(JsonError):
        json_path.document(data)


def test_deep_json_and_costly_queries_end() -> None:
    began = time.monotonic()
    for data in (b"[" * 100_000, b'{"a":' * 50_000, b"[" * 900 + b"1" + b"]" * 900, b"9" * 200_000):
        try:
            tree = json_path.document(data)
        except JsonError:
            continue
        for query in ("..|..|..", '..|select(tostring|contains("zz"))', "..|length", "..|tostring|length"):
            assert len(list(json_path.results(json_path.parse(query), tree))) <= 100
    assert time.monotonic() - began < SLOW


MARKUP = [
    *("<a>", "</a>", "<b c='d'>", "</b>", "<", ">", "<!--", "-->", "<![CDATA[", "]]>", "&lt;", "&x;"),
    *("text", "\0", "<?xml version='1.0'?>", "<!DOCTYPE a>"),
]
PATHS = [
    *("//", "/", "a", "b", "*", "@c", "[", "]", "1", "last()", "text()", "..", ".", "|", "(", ")"),
    *("contains(", ",", "'d'", "=", " and ", "count("),
]


@FEW
@given(
    st.lists(st.sampled_from(MARKUP), max_size=30).map("".join),
    st.lists(st.sampled_from(PATHS), max_size=10).map("".join),
)
def test_any_xpath_over_any_markup_ends(markup: str, path: str) -> None:
    with contextlib.suppress(XPathError, EvaluationError):
        assert len(xpath.taken(path, markup.encode(), "c")) <= xpath.MAX_RESULTS
        xpath.found(path, markup.encode())


def test_markup_that_is_made_to_be_costly_is_given_up() -> None:
    flat, deep = b"<b></b>" * 19_000, (b"<i>" * 200 + b"</i>" * 200) * 90
    bomb = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">' + b"".join(
        b'<!ENTITY %c "%s">' % (98 + place, b"&%c;" % (97 + place) * 10) for place in range(9)
    )
    began = time.monotonic()
    for data in (flat, deep, bomb + b"]><l>&j;</l>", b"<a>" * 300_000, b"<a " + b"x=1 " * 100_000):
        for path in ("//*//*//*", "//*[../*/../*]", "//*[.//*]", "//*[contains(., 'zz')]", "//l"):
            try:
                texts = xpath.taken(path, data, "")
            except EvaluationError:
                continue
            assert sum(map(len, texts)) < 1_000_000
    assert time.monotonic() - began < SLOW * 3


def test_a_document_reads_no_file() -> None:
    secret = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>'
    assert xpath.taken("//a", secret, "") in ([], [b"&x;"])


HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["server", "set-cookie", "location", "x-a", "content-type", "x_1", "retry-after"]),
        st.text(alphabet=st.characters(max_codepoint=255), max_size=30),
    ),
    max_size=5,
).map(tuple)
PAGES = st.builds(
    HttpAnswer,
    status=st.sampled_from([200, 206, 301, 302, 404, 500, 599, 100]),
    headers=HEADERS,
    body=st.binary(max_size=60) | st.sampled_from([b"secret", b'{"a":{"b":1}}', b"<title>x</title>", b"t=abc"]),
    truncated=st.booleans(),
)
EVERYTHING = template(
    """
- path: ["{{BaseURL}}/a"]
  redirects: true
  max-redirects: 2
  matchers-condition: and
  matchers:
    - {type: word, words: [secret, "{{v}}"], case-insensitive: true}
    - {type: regex, part: all, regex: ['(?i)s.c']}
    - {type: dsl, dsl: ['len(body) > 3 && to_lower(server) != "x" || base64_decode(body) == "x"']}
    - {type: xpath, xpath: ['//title'], negative: true}
    - {type: size, size: [5], negative: true}
    - {type: binary, binary: ['73'], part: response}
  extractors:
    - {type: regex, name: v, regex: ['t=([a-z]+)'], group: 1, internal: true}
    - {type: json, name: j, json: ['.a.b']}
    - {type: xpath, xpath: ['//title']}
    - {type: kval, kval: [server, location]}
    - {type: dsl, dsl: ['md5(body)']}
- raw:
    - "GET /b?v={{v}} HTTP/1.1\\nX-J: {{j}}"
    - "GET /c HTTP/1.1"
  matchers: [{type: dsl, dsl: ['contains(body_2, "x") && status_code_1 == 200']}, {type: status, status: [206]}]
"""
)


@FEW
@given(st.lists(PAGES | st.just(NoAnswer(reason="reset")), min_size=1, max_size=6))  # type: ignore[arg-type]
def test_whatever_a_server_says_is_judged(pages: list[Answer]) -> None:
    asked = []

    def server(ask: object) -> Answer:
        asked.append(ask)
        return pages[len(asked) % len(pages)]

    outcome = replay(EVERYTHING, ENDPOINT, server, OCCASION)
    assert outcome is None or isinstance(outcome, Match | NotTested)
    assert len(asked) <= 3 * 3
    first, asked[:] = list(asked), []
    assert replay(EVERYTHING, ENDPOINT, server, OCCASION) == outcome
    assert asked == first, "the same answers give the same asks"


@FEW
@given(HEADERS, st.text(alphabet="/ab?;=%", min_size=1, max_size=20))
def test_cookies_and_redirects_stay_in_one_line_and_at_home(headers: tuple[tuple[str, str], ...], target: str) -> None:
    jar = Jar()
    jar.take(headers, "/" + target)
    field = jar.header("/" + target, tls=True)
    assert all(" " <= char <= "~" for char in field)
    page = HttpAnswer(status=302, headers=headers)
    following = followed(HttpAsk(path="/" + target), page, ENDPOINT)
    assert following is None or (
        following.path.startswith("/") and following.path.isprintable() and " " not in following.path
    )


@FEW
@given(st.text(max_size=40))
def test_a_redirect_to_any_text_stays_at_the_end_point(location: str) -> None:
    web = WebEndpoint(address="192.0.2.1", port=443, tls=True, host="shop.example")
    following = followed(HttpAsk(path="/a"), HttpAnswer(status=301, headers=(("location", location),)), web)
    assert following is None or following.path.startswith("/")


@FEW
@given(st.binary(max_size=300), st.binary(max_size=40))
def test_any_certificate_and_any_exchange_has_parts(data: bytes, more: bytes) -> None:
    answers: list[Answer] = [
        TlsAnswer(version="tls12", cipher="x", certificates=(data,), server_name="a", at=1),
        TcpAnswer(reads=(more,), data=data),
        DnsAnswer(rcode=9, answer=(DnsRecord(name="a", ttl=1, dns_class="IN", type="TXT", data=more.hex()),)),
    ]
    assert "tls_version" in told(answers[0])  # type: ignore[arg-type]  # the first one is a handshake
    for one in answers:
        view = View(one, {}, {})
        for name in ("raw", "all", "body", "data", "response", "answer", "rcode", "subject_cn", "x_1"):
            found = view.part(name)
            assert found is None or isinstance(found, bytes)
            assert view.lowered(name) == (None if found is None else found.lower())
        assert isinstance(view.whole, bytes)


KEYS = [
    *(
        "path",
        "raw",
        "method",
        "headers",
        "body",
        "payloads",
        "attack",
        "matchers",
        "extractors",
        "type",
        "words",
        "regex",
    ),
    *(
        "dsl",
        "status",
        "size",
        "binary",
        "xpath",
        "json",
        "kval",
        "part",
        "name",
        "internal",
        "redirects",
        "inputs",
        "data",
    ),
    *("read", "port", "host", "class", "address", "min_version", "negative", "condition", "group", "max-size"),
]
WORDS = [
    *("x", "{{BaseURL}}/", "GET /{{x}} HTTP/1.1\nA: b\n\nc", "true", "200", "word", "regex"),
    *("dsl", "and", "(", "", "00ff", "{{md5(1)}}", "hex", "tls://{{Hostname}}"),
]
LEAVES = st.sampled_from(WORDS) | st.text(alphabet=string.printable, max_size=8)
BLOCKS = st.recursive(
    LEAVES,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(KEYS), below, max_size=5),
    max_leaves=15,
)


HTTP = 'http: [{path: ["{{BaseURL}}/"], matchers: [{type: word, words: [x]}]}]\n'


@FEW
@given(st.sampled_from(["http", "tcp", "dns", "ssl", "variables", "constants", "flow"]), BLOCKS)
def test_any_tree_in_place_of_a_block_is_loaded_or_refused(kind: str, tree: object) -> None:
    source = HEAD if kind == "http" else HEAD + HTTP
    problems = None
    try:
        load(source + f"{kind}: {json.dumps(tree)}\n", "x.yaml")
    except TemplateError as error:
        problems = error.problems
    assert problems is None or (problems and all(problem.message for problem in problems))
