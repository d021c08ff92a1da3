"""The semantics of requests: several, raw, with payloads, with values of earlier answers, with redirects and cookies."""

from __future__ import annotations

import pytest

from plugins.ask import Answer, HttpAnswer, HttpAsk, NoAnswer, NoAnswerReason, WebEndpoint
from plugins.template.chance import Occasion
from plugins.template.load import TemplateError
from plugins.template.program import Match, NotTested
from tests.plugins.template.samples import HEAD, answer, run, seen, template, web_asks

REVIEWED = HEAD + "      reviewed: It asks for a page of the search form and stores nothing.\n"


def redirect(location: str, status: int = 302) -> HttpAnswer:
    return answer(b"moved", status, location=location)


def paths(asks: list[HttpAsk]) -> list[str]:
    return [ask.path for ask in asks]


def test_01_matchers_run_on_every_response_of_a_chain_the_last_one_first() -> None:
    one = template("""
    - path: ["{{BaseURL}}/a"]
      redirects: true
      matchers: [{type: word, words: [here]}]
    """)
    pages = {"/a": redirect("/b"), "/b": redirect("c?x=1"), "/c?x=1": answer(b"here it is")}
    outcome, asked = seen(one, lambda ask: pages[ask.path])
    assert isinstance(outcome, Match)
    assert (paths(asked), outcome.hits[0].ask) == (["/a", "/b", "/c?x=1"], asked[2])
    pages = {"/a": redirect("/b"), "/b": answer(b"nothing")}
    pages["/a"] = answer(b"here it was", 301, location="/b")
    outcome, asked = seen(one, lambda ask: pages[ask.path])
    assert isinstance(outcome, Match)
    assert outcome.hits[0].ask == asked[0]


def test_01_without_redirects_nothing_is_followed() -> None:
    one = template("""
    - path: ["{{BaseURL}}/a"]
      matchers: [{type: status, status: [302]}]
    """)
    assert isinstance(run(one, redirect("/b")), Match)


@pytest.mark.parametrize(
    "location",
    [
        "http://192.0.2.1/",
        "//192.0.2.1:8080/b",
        "https://shop.example:8080/b",
        "http://shop.example/b",
        "http://shop.example:8081/b",
        "http://shop.example.evil:8080/b",
        "http://user@shop.example:8080/b",
        "http://shop.example:8080@192.0.2.1/",
        "http://shop.example:port/",
        "http://[::1/",
        "javascript:alert(1)",
        "/a b",
        "/\r\nHost: evil",
        "/あ",
        "/" + "x" * 3000,
    ],
)
@pytest.mark.parametrize("key", ["redirects", "host-redirects"])
def test_16_a_redirect_that_leaves_the_end_point_is_not_followed_and_no_match(location: str, key: str) -> None:
    one = template(f"""
    - path: ["{{{{BaseURL}}}}/a"]
      {key}: true
      matchers: [{{type: status, status: [302]}}, {{type: word, words: [nothing], negative: true}}]
    """)
    assert run(one, redirect(location)) is None


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("http://shop.example:8080/b/../%2e", "/b/../%2e"),
        ("http://127.0.0.1:8080", "/"),
        ("//SHOP.example:8080/b#part", "/b"),
        ("?x", "/d/a?x"),
        ("../b", "/b"),
        ("b", "/d/b"),
    ],
)
def test_16_a_redirect_inside_the_end_point_keeps_its_bytes(location: str, path: str) -> None:
    one = template("""
    - path: ["{{BaseURL}}/d/a"]
      redirects: true
      matchers: [{type: word, words: [here]}]
    """)
    _, asked = seen(one, lambda ask: redirect(location) if ask.path == "/d/a" else answer(b"here"))
    assert paths(asked) == ["/d/a", path]


def test_16_an_end_point_without_a_redirect_loop_ends_and_one_with_it_is_not_tested() -> None:
    one = template("""
    - path: ["{{BaseURL}}/a"]
      redirects: true
      max-redirects: 3
      matchers: [{type: word, words: [here]}]
    """)
    outcome, asked = seen(one, lambda _: redirect("/a"))
    assert outcome == NotTested(reason="more than 3 redirects")
    assert len(asked) == 4


def test_16_redirects_count_against_the_ask_budget() -> None:
    one = template(
        """
    - path: ["{{BaseURL}}/a", "{{BaseURL}}/b"]
      redirects: true
      matchers: [{type: word, words: [here]}]
    """,
        HEAD + "      asks: 5\n",
    )
    turns = iter(range(100))
    outcome, asked = seen(one, lambda _: redirect(f"/next/{next(turns)}"))
    assert outcome == NotTested(reason="redirects used up the budget of 5 asks")
    assert len(asked) == 5


def test_16_no_answer_in_the_middle_of_a_chain_leaves_a_gap() -> None:
    one = template("""
    - path: ["{{BaseURL}}/a"]
      redirects: true
      matchers: [{type: word, words: [here]}]
    """)
    assert run(one, redirect("/b"), NoAnswer(reason=NoAnswerReason.TIMEOUT)) == NotTested(reason="timeout")


def test_a_post_is_sent_on_as_get_or_not_at_all() -> None:
    one = template(
        """
    - method: POST
      path: ["{{BaseURL}}/a"]
      body: q=1
      headers: {Content-Type: application/x-www-form-urlencoded, X-A: b}
      redirects: true
      matchers: [{type: word, words: [here]}]
    """,
        REVIEWED,
    )
    _, asked = seen(one, lambda ask: redirect("/b", 303) if ask.path == "/a" else answer(b"here"))
    assert [(ask.method, ask.body) for ask in asked] == [("POST", b"q=1"), ("GET", b"")]
    assert asked[1].headers == (("X-A", "b"),)
    assert asked[0].reviewed
    outcome, asked = seen(one, lambda _: redirect("/b", 307))
    assert (outcome, len(asked)) == (None, 1)


RAW = """
- raw:
    - |
      @timeout: 15s
      POST /a/..;/%2e?q={{7*7}} HTTP/1.1
      Host: {{Hostname}}
      Content-Type: text/plain
      Content-Length: 999
      Connection: close

      line one
      {{Hostname}}
    - |
      OPTIONS {{BaseURL}}/b HTTP/1.1
      Host: {{Hostname}}
      Accept: text/html
  matchers: [{type: word, words: [here]}]
"""


def test_raw_requests_are_taken_apart_and_follow_each_other() -> None:
    one = template(RAW, REVIEWED)
    first, second = web_asks(one)
    assert (first.method, first.path, first.timeout_s) == ("POST", "/a/..;/%2e?q={{7*7}}", 15.0)
    assert first.headers == (("Content-Type", "text/plain"),)
    assert first.body == b"line one\nshop.example:8080"
    assert (second.method, second.path, second.headers) == ("OPTIONS", "/b", (("Accept", "text/html"),))
    # Without the first answer the second request would be another one than the author meant.
    assert run(one, NoAnswer(reason=NoAnswerReason.RESET)) == NotTested(reason="reset")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("Host: {{Hostname}}", "Host: evil.example"), "always says who it is"),
        (("OPTIONS {{BaseURL}}/b", "OPTIONS http://192.0.2.1/b"), "outside the scope"),
        (("@timeout: 15s", "@timeout: 1m"), "expected 1 to 30 seconds"),
        (("@timeout: 15s", "@Host: http://192.0.2.1"), "only the end point"),
        (("@timeout: 15s", "@tls-sni: x"), "declared one"),
        (("@timeout: 15s", "@nothing: x"), "there is only @timeout"),
        (("Connection: close", "Connection: upgrade"), "always says who it is"),
        (("Connection: close", "User-Agent: curl"), "always says who it is"),
        (("Connection: close", "Transfer-Encoding: chunked"), "always says who it is"),
        (("Connection: close", "no header"), "is no header field"),
        (("Connection: close", "X-A: {{unknown}}"), "unknown has no value"),
        (("Connection: close", "X-Aあ: 1"), "is no header name"),
        (("/b HTTP/1.1", "/b HTTP/1.0"), "only HTTP/1.1"),
        (("OPTIONS {{BaseURL}}/b HTTP/1.1", "?"), "is no request line"),
        (("  matchers:", "  unsafe: true\n  matchers:"), "malformed"),
        (("  matchers:", "  method: GET\n  matchers:"), "says it itself"),
    ],
)
def test_raw_requests_that_are_refused(change: tuple[str, str], words: str) -> None:
    before, after = change
    assert before in RAW, "the change must change something"
    with pytest.raises(TemplateError, match=words):
        template(RAW.replace(before, after, 1), REVIEWED)


def test_06_a_request_whose_value_no_answer_told_is_not_sent_and_leaves_no_gap() -> None:
    one = template("""
    - path: ["{{BaseURL}}/login"]
      extractors: [{type: regex, name: token, regex: ['t=([a-z]+)'], group: 1, internal: true}]
    - path: ["{{BaseURL}}/x?t={{token}}"]
      matchers: [{type: word, words: [here]}]
    """)
    assert isinstance(run(one, answer(b"t=abc"), answer(b"here")), Match)
    _, asked = seen(one, lambda _: answer(b"t=abc"))
    assert paths(asked) == ["/login", "/x?t=abc"]
    assert run(one, answer(b"nothing")) is None
    assert isinstance(run(one, answer(b"nothing", truncated=True)), NotTested)
    assert run(one, NoAnswer(reason=NoAnswerReason.RESET)) == NotTested(reason="reset")


def test_07_values_of_answers_go_into_requests_once_and_are_never_read_again() -> None:
    one = template("""
    - path: ["{{BaseURL}}/a"]
      extractors: [{type: regex, name: v, regex: ['.+'], internal: true}]
    - path: ["{{BaseURL}}/b?v={{v}}"]
      headers: {X-V: "{{v}} {{base64(v)}}"}
      matchers: [{type: dsl, dsl: ['v == "{{BaseURL}}"', "v == '{{' + 'md5(1)}}'"]}, {type: word, words: ["{{v}}!"]}]
    """)
    outcome, asked = seen(one, lambda ask: answer(b"{{md5(1)}}" if ask.path == "/a" else b"said {{md5(1)}}!"))
    assert asked[1].path == "/b?v={{md5(1)}}"
    assert asked[1].headers == (("X-V", "{{md5(1)}} e3ttZDUoMSl9fQ=="),)
    assert isinstance(outcome, Match)


@pytest.mark.parametrize("told", [b"a b", b"a\r\nX-Evil: 1", b"a\x00", b"a#\x7f"])
def test_07_a_value_that_cannot_stand_in_a_request_is_not_sent(told: bytes) -> None:
    one = template("""
    - path: ["{{BaseURL}}/a"]
      extractors: [{type: regex, name: v, regex: ['(?s).+'], internal: true}]
    - path: ["{{BaseURL}}/b?v={{v}}"]
      matchers: [{type: word, words: [here]}]
    """)
    outcome, asked = seen(one, lambda _: answer(told))
    assert len(asked) == 1
    assert isinstance(outcome, NotTested)


def test_07_no_name_can_mean_two_things() -> None:
    for name in ("Host", "body", "status_code", "randstr", "num"):
        with pytest.raises(TemplateError, match="already"):
            template(
                f"""
            - path: ["{{{{BaseURL}}}}/a"]
              extractors: [{{type: regex, name: {name}, regex: ['.+'], internal: true}}]
            """,
                "variables: {num: '1'}\n" + HEAD,
            )


def test_07_a_server_cannot_put_a_header_under_a_name_of_the_author() -> None:
    one = template(
        """
    - path: ["{{BaseURL}}/a"]
      matchers: [{type: dsl, dsl: ['contains(body, secret)']}]
    """,
        "variables: {secret: xyz}\n" + HEAD,
    )
    assert run(one, answer(b"<html>", secret="html")) is None
    assert isinstance(run(one, answer(b"xyz")), Match)


def test_08_numbered_names_mean_the_answers_of_the_block() -> None:
    one = template("""
    - path: ["{{BaseURL}}/a", "{{BaseURL}}/b"]
      matchers-condition: and
      matchers:
        - {type: dsl, dsl: ['status_code_1 == 200 && contains(body_2, "x") && server_1 == "nginx"']}
        - {type: word, part: body_2, words: [x]}
        - {type: regex, part: header_1, regex: ['(?i)server: nginx']}
    """)
    assert one.http[0].history
    assert isinstance(run(one, answer(b"", server="nginx"), answer(b"x", 500)), Match)
    assert run(one, answer(b"", server="nginx"), answer(b"y")) is None
    assert run(one, answer(b"", 404, server="nginx"), answer(b"x")) is None
    assert run(one, answer(b"x", server="nginx"), answer(b"", 404)) is None


def test_08_an_answer_that_is_missing_or_cut_is_not_known() -> None:
    one = template("""
    - path: ["{{BaseURL}}/a", "{{BaseURL}}/b"]
      matchers: [{type: dsl, dsl: ['!contains(body_1, "x") && status_code_2 == 200']}]
    """)
    assert isinstance(run(one, answer(b"y"), answer()), Match)
    assert isinstance(run(one, answer(b"y", truncated=True), answer()), NotTested)
    assert isinstance(run(one, NoAnswer(reason=NoAnswerReason.RESET), answer()), NotTested)


def test_08_a_name_of_the_author_may_end_in_a_number() -> None:
    one = template(
        """
    - path: ["{{BaseURL}}/{{num_1}}"]
      matchers: [{type: dsl, dsl: ['contains(body, num_1)']}]
    """,
        "variables: {num_1: '42'}\n" + HEAD,
    )
    assert not one.http[0].history
    assert isinstance(run(one, answer(b"42")), Match)


PAYLOADS = """
- path: ["{{BaseURL}}/{{a}}/{{b}}"]
  attack: ATTACK
  payloads:
    a: [x, y, z]
    b: ["1", "{{base64('2')}}"]
  matchers: [{type: word, words: ["{{a}}-{{b}}"]}]
"""


@pytest.mark.parametrize(
    ("attack", "targets"),
    [
        ("pitchfork", ["/x/1", "/y/Mg=="]),
        ("clusterbomb", ["/x/1", "/x/Mg==", "/y/1", "/y/Mg==", "/z/1", "/z/Mg=="]),
    ],
)
def test_09_several_lists_are_combined(attack: str, targets: list[str]) -> None:
    one = template(PAYLOADS.replace("ATTACK", attack))
    assert paths(web_asks(one)) == targets
    outcome, _ = seen(one, lambda _: answer(b"y-Mg=="))
    assert isinstance(outcome, Match)
    assert [dict(hit.before.payloads) for hit in outcome.hits] == [{"a": b"y", "b": b"Mg=="}]


def test_09_batteringram_takes_one_list_for_all_places() -> None:
    one = template("""
    - path: ["{{BaseURL}}/§a§/{{a}}"]
      payloads: {a: [x, y]}
      matchers: [{type: status, status: [200]}]
      stop-at-first-match: true
    """)
    assert paths(web_asks(one)) == ["/x/x", "/y/y"]
    assert isinstance(run(one, answer(b"")), Match)
    with pytest.raises(TemplateError, match="batteringram takes one list"):
        template(PAYLOADS.replace("ATTACK", "batteringram"))


@pytest.mark.parametrize(
    ("payloads", "words"),
    [
        ("a: words.txt", "reads a file"),
        ("a: []", "expected 1 to 100"),
        ("'a b': [x]", "no name of a payload"),
        ("a: ['{{unknown}}']", "unknown has no value"),
    ],
)
def test_09_payloads_that_are_refused(payloads: str, words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        template(f"""
        - path: ["{{{{BaseURL}}}}/x"]
          payloads: {{{payloads}}}
          matchers: [{{type: status, status: [200]}}]
        """)


def test_10_no_template_says_that_it_is_a_browser() -> None:
    for name in ("User-Agent", "user-agent"):
        with pytest.raises(TemplateError, match="always says who it is"):
            template(f"""
            - path: ["{{{{BaseURL}}}}/"]
              headers: {{{name}: Mozilla}}
              matchers: [{{type: status, status: [200]}}]
            """)


def jar(server: dict[str, str], http: str) -> list[str]:
    """Give the Cookie field of every request."""

    def page(ask: HttpAsk) -> Answer:
        given = server.get(ask.path)
        return answer(b"here", set_cookie=given) if given else answer(b"here")

    _, asked = seen(template(http), page)
    return [dict(ask.headers).get("Cookie", "") for ask in asked]


SEQUENCE = """
- raw:
    - "GET /a HTTP/1.1"
    - "GET /b/c HTTP/1.1\\nCookie: own=1"
    - "GET /b/c HTTP/1.1"
  EXTRA
  matchers: [{type: word, words: [here]}]
"""


def test_cookies_are_returned_within_a_sequence() -> None:
    given = {"/a": "s=1; Path=/; HttpOnly", "/b/c": "t=2"}
    assert jar(given, SEQUENCE.replace("EXTRA", "id: x")) == ["", "own=1; s=1", "t=2; s=1"]
    assert jar(given, SEQUENCE.replace("EXTRA", "disable-cookie: true")) == ["", "own=1", ""]


@pytest.mark.parametrize(
    ("cookie", "returned"),
    [
        ("s=1; Path=/b", "s=1"),
        ("s=1; Path=/x", ""),
        ("s=1; Path=/b/", "s=1"),
        ("s=1; Secure; Path=/", ""),
        ("s=1; Max-Age=0; Path=/", ""),
        ("s=a b; Path=/", ""),
        ("s=1\r\nX: y; Path=/", ""),
        ("=1", ""),
        ("s", ""),
        ("s=" + "x" * 5000, ""),
    ],
)
def test_which_cookies_come_back(cookie: str, returned: str) -> None:
    assert jar({"/a": cookie}, SEQUENCE.replace("EXTRA", "id: x").replace("Cookie: own=1", "X-A: b"))[1] == returned


def test_paths_are_alternatives_and_share_no_cookies_unless_the_author_says_so() -> None:
    block = '- path: ["{{BaseURL}}/a", "{{BaseURL}}/b"]\n  EXTRA\n  matchers: [{type: word, words: [here]}]\n'
    later = '- path: ["{{BaseURL}}/c"]\n  matchers: [{type: word, words: [here]}]\n'
    assert jar({"/a": "s=1"}, block.replace("EXTRA", "id: x") + later) == ["", "", "s=1"]
    assert jar({"/a": "s=1"}, block.replace("EXTRA", "cookie-reuse: true") + later) == ["", "s=1", "s=1"]
    assert jar({"/a": "s=1"}, block.replace("EXTRA", "cookie-reuse: false") + later) == ["", "", ""]


def test_cookies_follow_redirects_inside_the_end_point() -> None:
    http = '- path: ["{{BaseURL}}/a"]\n  redirects: true\n  matchers: [{type: word, words: [here]}]\n'

    def page(ask: HttpAsk) -> Answer:
        return answer(b"", 302, location="/b", set_cookie="s=1; Path=/") if ask.path == "/a" else answer(b"here")

    _, asked = seen(template(http), page)
    assert [dict(ask.headers).get("Cookie", "") for ask in asked] == ["", "s=1"]


RANDOM = """
- path: ["{{BaseURL}}/{{randstr}}/{{randstr_1}}/{{num}}/{{rand_base(6)}}"]
  matchers: [{type: dsl, dsl: ['contains(body, "{{randstr}}") && contains(body, num)']}]
"""
NUMBER = "variables: {num: '{{rand_int(1000, 9999)}}', twice: '{{num}}{{num}}'}\n" + HEAD


def test_chance_is_handed_in_and_the_same_seed_draws_the_same() -> None:
    one = template(RANDOM, NUMBER)
    first = web_asks(one)
    assert first == web_asks(one)
    assert first != web_asks(one, occasion=Occasion(seed="another"))
    _, text, numbered, number, drawn = first[0].path.split("/")
    assert (len(text), len(numbered), len(number), len(drawn)) == (20, 20, 4, 6)
    assert len({text, numbered}) == 2
    assert isinstance(run(one, answer(f"{text} {number}".encode())), Match)
    assert run(one, answer(text.encode())) is None


def test_random_texts_are_the_same_in_all_templates_so_that_asks_can_be_shared() -> None:
    http = '- path: ["{{BaseURL}}/{{randstr}}"]\n  matchers: [{type: status, status: [200]}]\n'
    other = HEAD.replace("id: sample", "id: other")
    assert web_asks(template(http)) == web_asks(template(http, other))
    drawn = '- path: ["{{BaseURL}}/{{rand_base(8)}}"]\n  matchers: [{type: status, status: [200]}]\n'
    assert web_asks(template(drawn)) != web_asks(template(drawn, other))


def test_variables_are_worked_out_once_and_constants_never() -> None:
    head = "constants: {c: '{{md5(1)}}'}\n" + NUMBER
    one = template(
        """
    - path: ["{{BaseURL}}/{{num}}/{{num}}/{{twice}}", "{{BaseURL}}/{{num}}"]
      headers: {X-C: "{{c}}"}
      matchers: [{type: dsl, dsl: ['md5(num) == body']}]
    """,
        head,
    )
    first, second = web_asks(one)
    _, left, right, twice = first.path.split("/")
    assert left == right == second.path[1:]
    assert twice == left + left
    assert dict(first.headers) == {"X-C": "{{md5(1)}}"}


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ("variables: {a: '{{b}}', b: x}", "b has no value"),
        ("variables: {Host: x}", "URL variable already"),
        ("variables: {randstr: x}", "random text already"),
        ("variables: [a]", "expected a mapping"),
        ("variables: {'a b': x}", "no name"),
        ("variables: {a: '{{interactsh-url}}'}", "call-backs"),
        ("variables: {a: x}\nconstants: {a: y}", "already"),
    ],
)
def test_variables_that_are_refused(variables: str, words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        template(head=variables + "\n" + HEAD)


def test_what_cannot_be_filled_in_stays_when_the_author_says_so() -> None:
    one = template("""
    - path: ["{{BaseURL}}/{{config}}/{{x.y()}}/{{Host}}"]
      skip-variables-check: true
      matchers: [{type: status, status: [200]}]
    """)
    assert paths(web_asks(one)) == ["/{{config}}/{{x.y()}}/shop.example"]


def test_17_equal_asks_of_two_templates_are_equal_values() -> None:
    http = '- path: ["{{BaseURL}}/{{randstr}}"]\n  EXTRA\n  matchers: [{type: status, status: [404]}]\n'
    extras = ("id: x", "redirects: true", "max-size: 5", "headers: {X-A: b}")
    asked = [web_asks(template(http.replace("EXTRA", extra)))[0] for extra in extras]
    # Following a redirect is a new ask, so the redirect policy of a template need not be in the first one.
    assert asked[0] == asked[1]
    assert len(set(asked)) == 3


def test_the_ask_budget_holds() -> None:
    http = '- path: ["{{BaseURL}}/{{a}}"]\n  payloads: {a: [x, y, z]}\n  matchers: [{type: status, status: [200]}]\n'
    assert len(web_asks(template(http, HEAD + "      asks: 3\n"))) == 3
    with pytest.raises(TemplateError, match="may send 3 asks, and its budget is 2"):
        template(http, HEAD + "      asks: 2\n")


def test_url_variables() -> None:
    endpoint = WebEndpoint(address="192.0.2.1", port=443, tls=True, host="www.shop.co.jp")
    one = template("""
    - path: ["{{BaseURL}}/{{FQDN}}/{{RDN}}/{{DN}}/{{TLD}}/{{SD}}/{{Port}}/{{Scheme}}/{{Hostname}}{{Query}}{{File}}"]
      matchers: [{type: status, status: [200]}]
    """)
    wanted = ["/www.shop.co.jp/shop.co.jp/shop/co.jp/www/443/https/www.shop.co.jp"]
    assert paths(web_asks(one, endpoint)) == wanted
