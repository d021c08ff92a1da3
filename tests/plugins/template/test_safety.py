"""Safety: computed from what a template sends, towards caution, and never declared."""

from __future__ import annotations

import pytest

from plugins.admission import Rule, examine
from plugins.pack import load_pack
from plugins.template.load import load
from plugins.template.safety import SafetyClass, safety_of
from tests.plugins.template.samples import BLOCK, HEAD, template
from tests.plugins.template.test_semantics_services import of

MATCH = "  matchers: [{type: status, status: [200]}]\n"
REVIEWED = HEAD + "      reviewed: It asks for a page of the search form and stores nothing.\n"


def by_path(path: str, more: str = "") -> SafetyClass:
    return safety_of(template(f"- path: ['{{{{BaseURL}}}}{path}']\n{more}{MATCH}")).kind


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST", "TRACE", "PROPFIND", "MOVE", "DEBUG", "PURGE"])
def test_methods_that_may_change_something(method: str) -> None:
    safety = safety_of(template(f"- path: ['{{{{BaseURL}}}}/']\n  method: {method}\n{MATCH}"))
    assert (safety.kind, safety.admitted) == (SafetyClass.STATE_CHANGING, False)
    assert method in safety.reasons[0]
    raw = f'- raw:\n    - "{method} / HTTP/1.1"\n{MATCH}'
    assert [refusal.rule for refusal in examine(template(raw))] == [Rule.METHOD]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_methods_that_only_read(method: str) -> None:
    assert by_path("/x", f"  method: {method}\n") is SafetyClass.READ_ONLY
    assert by_path("/x", f"  method: {method}\n  body: x\n") is SafetyClass.STATE_CHANGING


def test_post_needs_a_reviewed_reason_and_only_post_can_have_one() -> None:
    post = f"- path: ['{{{{BaseURL}}}}/']\n  method: POST\n  body: q=1\n{MATCH}"
    safety = safety_of(template(post, REVIEWED))
    assert (safety.kind, safety.admitted) == (SafetyClass.REVIEWED, True)
    assert "stores nothing" in safety.reasons[0]
    assert examine(template(post, REVIEWED)) == ()
    assert safety_of(template(post)).kind is SafetyClass.STATE_CHANGING
    assert safety_of(template(post.replace("POST", "PUT"), REVIEWED)).kind is SafetyClass.STATE_CHANGING
    assert safety_of(template(post.replace("q=1", "q=;touch /tmp/x"), REVIEWED)).kind is SafetyClass.WRITING


@pytest.mark.parametrize(
    "path",
    [
        "/x?id=1%20AND%20SLEEP(5)",
        "/x?id=1+and+sleep(5)",
        "/x?id=1;WAITFOR%20DELAY%20%270:0:5%27",
        "/x?id=pg_sleep(5)",
        "/x?id=1%2520and%2520BENCHMARK(1,1)",
        "/x?c=;sleep%205",
        "/x?c=`ping%20-c%205%20a`",
        '/x?id={{url_encode("1 AND SLEEP(5)")}}',
    ],
)
def test_what_makes_a_server_wait(path: str) -> None:
    assert by_path(path) is SafetyClass.TIME_DELAY


@pytest.mark.parametrize(
    "path",
    [
        "/x?id=1;DROP%20TABLE%20users",
        "/x?id=1;insert+into+a+values(1)",
        "/x?id=1+into+outfile+1",
        "/x?c=;touch%20/tmp/x",
        "/x?c=|wget%20http://a/",
        "/x?c=$(rm%20-rf%20/)",
        "/x?c=echo%20a%3E/tmp/x",
        "/x?f=system(1)",
        "/x?f=%3C?php%20phpinfo()",
        "/x?f=${jndi:ldap://a}",
        "/x?action=delete_user&id=1",
        "/admin?do=logout",
        "/api/shutdown",
        "/user/delete?id=1",
        "/x?_method=PUT",
        "/x?newpassword=1",
        "/x/%2564elete?y=1&action=%2564elete",
    ],
)
def test_what_may_change_something_even_by_get(path: str) -> None:
    assert by_path(path) is SafetyClass.WRITING


@pytest.mark.parametrize(
    "path",
    [
        "/.git/HEAD",
        "/cgi-bin/.%2e/.%2e/etc/os-release",
        "/static/../../../../etc/passwd",
        "/install/index.php",
        "/update.php",
        "/wp-content/uploads/",
        "/actuator/env",
        "/?q={{7*7}}",
        "/api/users?limit=1",
        "/server-status?auto",
        "/x?id=1'",
        "/sleep/on-it",
        "/download?file=../../web.config",
        "/?page=login",
    ],
)
def test_what_only_reads(path: str) -> None:
    assert by_path(path.replace("'", "''")) is SafetyClass.READ_ONLY


def test_headers_bodies_variables_and_payloads_are_looked_at() -> None:
    assert by_path("/", "  headers: {X-HTTP-Method-Override: PUT}\n") is SafetyClass.WRITING
    assert by_path("/", "  headers: {X-A: '() { :; }; touch /tmp/x'}\n") is SafetyClass.WRITING
    assert by_path("/{{a}}", "  payloads: {a: [x, '1;drop table a']}\n") is SafetyClass.WRITING
    one = template(BLOCK, "variables: {v: '{{base64(\"; rm -rf /\")}}'}\n" + HEAD)
    assert safety_of(one).kind is SafetyClass.WRITING


def test_trying_passwords_may_lock_an_account() -> None:
    for name in ("username", "password", "pass", "credentials"):
        assert by_path("/{{" + name + "}}", f"  payloads: {{{name}: [x, y]}}\n") is SafetyClass.STRESS
    tried = "  payloads: {a: [x, y]}\n  headers: {Authorization: 'Basic {{base64(a)}}'}\n"
    assert by_path("/", tried) is SafetyClass.STRESS
    assert by_path("/", "  headers: {Authorization: Bearer x}\n") is SafetyClass.READ_ONLY


def test_judging_by_a_delay_delays() -> None:
    one = template(
        "- path: ['{{BaseURL}}/']\n  matchers: [{type: dsl, dsl: ['duration >= 6 && status_code == 200']}]\n"
    )
    assert safety_of(one).kind is SafetyClass.TIME_DELAY
    assert [refusal.rule for refusal in examine(one)] == [Rule.NOT_READ_ONLY]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ("PING", SafetyClass.READ_ONLY),
        ("INFO", SafetyClass.READ_ONLY),
        ("GET / HTTP/1.0", SafetyClass.READ_ONLY),
        ("EHLO tenken.example", SafetyClass.READ_ONLY),
        ("USER anonymous", SafetyClass.READ_ONLY),
        ("PASS anonymous@tenken.example", SafetyClass.READ_ONLY),
        ("stats", SafetyClass.READ_ONLY),
        ("A1 CAPABILITY", SafetyClass.READ_ONLY),
        ("FLUSHALL", SafetyClass.WRITING),
        ("CONFIG SET dir /tmp", SafetyClass.WRITING),
        ("SET a b", SafetyClass.WRITING),
        ("USER root", SafetyClass.WRITING),
        ("PASS secret", SafetyClass.WRITING),
        ("MAIL FROM:<a@b>", SafetyClass.WRITING),
        ("STOR x", SafetyClass.WRITING),
        ("A1 LOGIN a b", SafetyClass.WRITING),
        ("set a 0 0 1", SafetyClass.WRITING),
        ("kill", SafetyClass.WRITING),
    ],
)
def test_words_of_text_protocols(data: str, kind: SafetyClass) -> None:
    match = "matchers: [{type: word, words: [x]}]"
    assert safety_of(of("tcp", f'inputs: [{{data: "{data}\\r\\n"}}]\n{match}')).kind is kind
    digits = (data + "\r\n").encode().hex()
    assert safety_of(of("tcp", f"inputs: [{{data: '{digits}', type: hex}}]\n{match}")).kind is kind


def test_many_connections_for_one_question_are_stress() -> None:
    block = "inputs: [{data: '{{w}}'}]\npayloads: {w: [a, b, c, d, e, f]}\nmatchers: [{type: word, words: [x]}]"
    assert safety_of(of("tcp", block)).kind is SafetyClass.STRESS
    assert safety_of(of("tcp", block.replace(", f", ""))).kind is SafetyClass.READ_ONLY


def test_the_worst_concern_counts_and_each_is_told_once() -> None:
    one = template(f"- path: ['{{{{BaseURL}}}}/?a=sleep(5)', '{{{{BaseURL}}}}/?a=sleep(5)']\n  method: PUT\n{MATCH}")
    safety = safety_of(one)
    assert safety.kind is SafetyClass.TIME_DELAY
    assert len(safety.reasons) == 2
    assert {refusal.rule for refusal in examine(one)} == {Rule.METHOD, Rule.NOT_READ_ONLY}


def test_everything_that_is_shipped_only_reads() -> None:
    classes = {one.template.id: safety_of(one.template) for one in load_pack().signatures}
    assert {name: safety.reasons for name, safety in classes.items() if not safety.admitted} == {}


def test_what_is_never_sent_is_not_looked_at() -> None:
    text = HEAD.replace("name: Sample", "name: Sample\n  description: DROP TABLE users; sleep(5)")
    http = 'http: [{path: ["{{BaseURL}}/"], matchers: [{type: word, words: ["<?php system("]}]}]\n'
    assert safety_of(load(text + http, "x.yaml")).kind is SafetyClass.READ_ONLY
