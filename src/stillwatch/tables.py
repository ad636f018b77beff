"""Every table, declared once: columns, types, units, meaning.

In: nothing. Out: `Table` values that `schemas` turns into Arrow and Ibis schemas, readers check against and
`docs/reference/tables.md` is generated from. No stage names a column that is not declared here.
"""

from dataclasses import dataclass
from typing import Literal

ColumnType = Literal[
    "string", "int8", "int16", "int32", "int64", "integers", "float32", "float64", "timestamp", "strings", "bool"
]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `timestamp` is microseconds UTC; `strings` is a list of strings, `integers` one of int32; keys are
    signed 64-bit hashes.
    """

    name: str
    type: ColumnType
    meaning: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A declared table; column order is part of the declaration."""

    name: str
    meaning: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Column names, in order."""
        return tuple(column.name for column in self.columns)

    def __str__(self) -> str:
        return self.name


EXCHANGES = Table(
    "exchanges",
    "Input: one request to the model and its reply.",
    (
        Column("exchange_id", "string", "its identifier; duplicates are dropped and counted", required=True),
        Column("ts", "timestamp", "when the request arrived", required=True),
        Column("account_id", "string", "the billed identity", required=True),
        Column("key_id", "string", "API key"),
        Column("org_id", "string", "organisation the key belongs to"),
        Column("end_user_id", "string", "end user named by the caller"),
        Column("session_id", "string", "conversation or session"),
        Column("pathway", "string", "api, cloud, app or partner"),
        Column("model", "string", "model asked for", required=True),
        Column("ip", "string", "client address, IPv4 or IPv6"),
        Column("asn", "string", "autonomous system number of the address"),
        Column("country", "string", "country of the address, ISO 3166 alpha-2"),
        Column("user_agent", "string", "User-Agent header"),
        Column("tls_fingerprint", "string", "JA4 fingerprint"),
        Column("header_order", "string", "order of the request's headers"),
        Column("system_text", "string", "system prompt"),
        Column("prompt_text", "string", "the last user turn"),
        Column("turn", "int32", "0-based index of that turn in its conversation"),
        Column("tools", "strings", "names of the tools offered"),
        Column("tools_hash", "string", "hash of the tool schema"),
        Column("params", "string", "JSON: temperature, top_p, max_tokens, n, seed, reasoning_effort, stream, ..."),
        Column("input_tokens", "int64", "tokens in the request"),
        Column("output_tokens", "int64", "tokens in the reply"),
        Column("reasoning_tokens", "int64", "reasoning tokens in the reply"),
        Column("cached_tokens", "int64", "input tokens served from a cache"),
        Column("latency_ms", "float64", "time to the whole reply, milliseconds"),
        Column("status", "int32", "HTTP status"),
        Column("finish_reason", "string", "why the reply ended"),
        Column("reply_text", "string", "the reply"),
    ),
)

ACCOUNTS = Table(
    "accounts",
    "Input: one billed identity.",
    (
        Column("account_id", "string", "the billed identity", required=True),
        Column("org_id", "string", "organisation it declares"),
        Column("created_at", "timestamp", "sign-up time"),
        Column("email_domain", "string", "domain of the sign-up address"),
        Column("email_shape", "string", "pattern of the local part, such as A8D3"),
        Column("payment_fingerprint", "string", "stable token of the payment instrument"),
        Column("phone_country", "string", "country of the phone number, ISO 3166 alpha-2"),
        Column("declared_country", "string", "country given at sign-up, ISO 3166 alpha-2"),
        Column("verification", "string", "none, email, phone, card, kyc, education, startup or research"),
        Column("plan", "string", "plan the account is on"),
        Column("closed_at", "timestamp", "when the account was closed"),
        Column("closed_reason", "string", "why it was closed"),
    ),
)

IDENTITY = Table(
    "identity",
    "Input: what is known of a key or an account that the log does not say. A row with key_id is found by the key.",
    (
        Column("account_id", "string", "the billed identity", required=True),
        Column("key_id", "string", "API key, as the log names it"),
        *(column for column in ACCOUNTS.columns if column.name != "account_id"),
        Column("ip", "string", "client address, where the log has none"),
        Column("user_agent", "string", "client, where the log has none"),
        Column("country", "string", "country of the address, ISO 3166 alpha-2, where the log has none"),
        Column("asn", "string", "autonomous system number, where the log has none"),
    ),
)

SKETCHED = Table(
    "sketched",
    "One exchange after the single pass over its text: sketches, counts and metadata, no prompt text but an excerpt.",
    (
        Column("exchange_key", "int64", "hash of exchange_id"),
        Column("account_key", "int64", "hash of account_id"),
        Column("exchange_id", "string", "as read"),
        Column("account_id", "string", "as read"),
        Column("org_id", "string", "as read"),
        Column("ts", "timestamp", "as read"),
        Column("second", "int64", "ts as whole seconds since 1970, rounded down: SQL engines differ on this"),
        Column("model", "string", "as read"),
        Column("ip", "string", "as read"),
        Column("network", "string", "IPv4 /24 or IPv6 /64 of the address"),
        Column("asn", "string", "as read"),
        Column("country", "string", "as read, upper case"),
        Column("client", "string", "user agent, TLS fingerprint and header order, joined by ' | '"),
        Column("parameters", "string", "canonical JSON of the request parameters, keys sorted"),
        Column("tool_schema", "string", "tools_hash, or the sorted tool names"),
        Column("turn", "int32", "as read"),
        Column("input_tokens", "int64", "as read"),
        Column("output_tokens", "int64", "as read"),
        Column("status", "int32", "as read"),
        Column("has_text", "bool", "whether there was a prompt to sketch"),
        Column("system_hash", "int64", "hash of the normalised system prompt; 0 when there is none"),
        Column("task_hash", "int64", "hash of the whole normalised prompt, digits kept; 0 without text"),
        Column("head_hash", "int64", "hash of the first words, digits folded; 0 when the prompt is too short"),
        Column("tail_hash", "int64", "hash of the last words, digits folded; 0 when the prompt is too short"),
        Column("any_hash_0", "int64", "scaffold shingle of MinHash slot 0, digits folded; 0 when too short"),
        Column("any_hash_1", "int64", "scaffold shingle of MinHash slot 1"),
        Column("any_hash_2", "int64", "scaffold shingle of MinHash slot 2"),
        Column("any_hash_3", "int64", "scaffold shingle of MinHash slot 3"),
        Column("prompt_chars", "int32", "characters in the prompt"),
        Column("prompt_words", "int32", "words in the prompt"),
        Column("target", "int8", "index into types.TARGETS of the likeliest target; -1 without text"),
        Column("target_fraction", "float32", "classifier's probability of that target"),
        Column("elicits_reasoning", "bool", "the prompt asks for reasoning to be written out"),
        Column("judges", "bool", "the prompt holds a candidate answer and a rubric to grade it by"),
        Column("excerpt", "string", "first 200 characters of the prompt, for the evidence of found campaigns"),
    ),
)

KEYED = Table(
    "keyed",
    "Input: one exchange as `stillwatch sketch` writes it: no text and no excerpt, hashes of text under a key.",
    (
        *(column for column in SKETCHED.columns if column.name != "excerpt"),
        Column("epoch", "int64", "number of the epoch whose key was used"),
        Column("bridge", "strings", "in an overlap: hash under the key of the epoch before = under its own"),
    ),
)

FACETS = Table(
    "facets",
    "Profile of one account in long form: how many of its exchanges fall into each bin of each facet. Adds up.",
    (
        Column("account_key", "int64", "hash of account_id"),
        Column("facet", "string", "hour, gap, prompt, reply or target"),
        Column("bin", "int64", "bin of the facet, from 0"),
        Column("exchanges", "int64", "exchanges in the bin"),
    ),
)

# Upper edges of bins; a value falls into the number of edges it reaches.
PROMPT_EDGES = (1, 20, 40, 80, 120, 180, 270, 400, 600, 900, 1_400, 2_100, 4_200, 8_400)  # characters
REPLY_EDGES = (1, 8, 16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1_024, 2_048, 4_096)  # tokens
GAP_EDGES = (2, 5, 15, 45, 120, 300, 900, 2_700, 7_200, 21_600, 64_800)  # seconds since the account's last exchange

PROFILES = Table(
    "profiles",
    "Profile of one account: totals and first and last second. Merges by sum, minimum and maximum.",
    (
        Column("account_key", "int64", "hash of account_id"),
        Column("account_id", "string", "the billed identity"),
        Column("org_id", "string", "organisation, from its exchanges"),
        Column("exchanges", "int64", "exchanges"),
        Column("first_second", "int64", "first exchange, seconds since 1970"),
        Column("last_second", "int64", "last exchange, seconds since 1970"),
        Column("input_tokens", "int64", "sum of input tokens"),
        Column("output_tokens", "int64", "sum of output tokens"),
    ),
)

TRAITS = Table(
    "traits",
    "One trait that one account shows, and how often; only values that several accounts show. Scaffolds, the most "
    "by far, come as numbers (`traits.coded`).",
    (
        Column("kind", "string", "a types.TraitKind"),
        Column("value", "string", "the shared value; tasks by their hash"),
        Column("account_key", "int64", "hash of account_id"),
        Column("exchanges", "int64", "exchanges of the account that show it"),
    ),
)

MEMBERS = Table(
    "members",
    "Which account belongs to which campaign, between `together` and the later questions. Where millions of rows are "
    "grouped by it the engine holds a number as campaign_id.",
    (
        Column("campaign_id", "string", "stable id of the campaign"),
        Column("account_key", "int64", "hash of account_id"),
        Column("bits", "float64", "log2 odds of membership"),
    ),
)

SCAFFOLDS = Table(
    "scaffolds",
    "Scaffold hashes that mark a campaign's exchanges; campaigns as in `members`.",
    (
        Column("campaign_id", "string", "stable id of the campaign"),
        Column("value", "int64", "a head, tail, anywhere or system hash"),
    ),
)

TAKEN = Table(
    "taken",
    "Output: exchanges counted as taken, in exchanges.parquet.",
    (
        Column("campaign_id", "string", "stable id of the campaign"),
        Column("exchange_id", "string", "as read"),
        Column("account_id", "string", "as read"),
        Column("target", "string", "a types.Target"),
        Column(
            "target_fraction",
            "float32",
            "how sure the target is: its share of the votes of all exchanges with the same words, or, where words do "
            "not decide, the classifier's probability for this prompt alone",
        ),
        Column("scaffold", "int64", "hash of the campaign's words that it carries; empty: taken without such words"),
    ),
)

GROUPS_TESTED = Table(
    "groups_tested",
    "Output: one group of accounts with a thing or a habit in common, and how it was judged; most bits first.",
    (
        Column("group", "int32", "its number in this run, from 0, by falling bits"),
        Column("kinds", "strings", "the kinds of its one or two traits, a types.TraitKind each"),
        Column(
            "values",
            "strings",
            "the shared values, in the same order, cut to 120 characters; words as a hash; which part of a habit",
        ),
        Column("accounts", "int64", "accounts in it"),
        Column("bits", "float64", "evidence that one operator runs them; tests of a family averaged, families added"),
        Column("needed_bits", "float64", "bits from which this run accuses a group, itself counted among the accused"),
        Column("accused", "bool", "whether it was accused"),
        Column("outdone", "bool", "a part of it, which is alike in the same habit, says more and is accused instead"),
        Column("campaign_id", "string", "the campaign that holds half of its accounts or more, if any"),
        Column("campaign_accounts", "int64", "its accounts that are members of any campaign"),
        Column("leads", "bool", "whether it is the group that the campaign's evidence is about"),
    ),
)

GROUP_TESTS = Table(
    "group_tests",
    "Output: one test of one group: those accused, and the strongest group of every account. Fractions are of what "
    "comparable strangers differ by: of the same volume, or showing a value too.",
    (
        Column("group", "int32", "the group's number in groups_tested"),
        Column("test", "string", "name of the test"),
        Column("family", "string", "tests of one family depend on each other and are averaged"),
        Column("accounts", "int64", "accounts of the group that the test could look at"),
        Column("bits", "float32", "what the test says alone"),
        Column("family_bits", "float32", "what its family says; this is what the group's bits are the sum of"),
        Column("alike_fraction", "float32", "how much the group's accounts differ"),
        Column("usual_fraction", "float32", "the same for the middle one of innocent groups: the null"),
        Column("rare_fraction", "float32", "one in a hundred innocent groups differs less than this"),
        Column("null_kind", "string", "the innocent groups: a types.TraitKind, `pair` of two, or `*` for every kind"),
        Column("null_mean", "float32", "middle of the null, natural logarithm"),
        Column("null_scatter", "float32", "scatter of the null, natural logarithm; Student with 8 degrees of freedom"),
        Column("null_groups", "int64", "innocent groups that the null was learnt from"),
    ),
)

ACCOUNTS_TESTED = Table(
    "accounts_tested",
    "Output: why each account was counted or cleared. Bits of families and the prior add up to membership_bits.",
    (
        Column("account_id", "string", "as read"),
        Column("exchanges", "int64", "its exchanges in the input"),
        Column("first_seen", "timestamp", "its first exchange in the input"),
        Column("last_seen", "timestamp", "its last exchange in the input"),
        Column("groups", "int32", "groups it was in that were tested"),
        Column("strongest", "integers", "numbers of up to five of them in groups_tested, most bits first"),
        Column("nearest_campaign_id", "string", "the campaign it is likeliest to belong to; empty: none was found"),
        Column("membership_bits", "float32", "log2 odds that it belongs to it"),
        Column("prior_bits", "float32", "of these, what the campaign's size says before the account is looked at"),
        Column("pace_bits", "float32", "of these, volume and lifetime"),
        Column("rhythm_bits", "float32", "of these, hours and pauses"),
        Column("content_bits", "float32", "of these, what is asked for and how long it is"),
        Column("application_bits", "float32", "of these, client, parameters, tools, model and words that stay"),
        Column("identity_bits", "float32", "of these, payment, mail, sign-up and network"),
        Column("speaks_for", "strings", "up to three tests that speak for it, with their bits, strongest first"),
        Column(
            "speaks_against", "strings", "up to three tests that speak against it, with their bits, strongest first"
        ),
        Column("declares_seats", "bool", "it declares an organisation of several seats that is not the campaign's"),
    ),
)

REPORTED_MEMBERS = Table(
    "reported_members",
    "Output: one member of one campaign, in members.parquet. Times are event time.",
    (
        Column("campaign_id", "string", "stable id of the campaign"),
        Column("account_id", "string", "as read"),
        Column("bits", "float64", "log2 odds of membership"),
        Column("first_seen", "timestamp", "its first exchange in the input"),
        Column("last_seen", "timestamp", "its last exchange in the input"),
        Column("exchanges", "int64", "its exchanges in the input"),
        Column("taking_exchanges", "int64", "those counted as taken"),
        Column("top_reasons", "strings", "why it is a member, strongest first"),
        Column(
            "exchanges_until_named",
            "int64",
            "of a fresh account that continues a known campaign: its exchanges when that was clear; else empty",
        ),
    ),
)

BENCH_ROWS = Table(
    "bench_rows",
    "Output: one run of one detector on one simulated log, a line of rows.jsonl. Empty: nothing to divide by.",
    (
        Column("detector", "string", "its name, or command/name of a command that is several", required=True),
        Column("axes", "strings", "axes that were moved; none for the middle and for the benign log", required=True),
        Column(
            "points", "strings", "the point on each axis; `benign` alone for the log without a campaign", required=True
        ),
        Column("seed", "int64", "seed of the log", required=True),
        Column(
            "seconds",
            "float64",
            "wall-clock seconds of all looks; a command that is several shares them",
            required=True,
        ),
        Column("peak_bytes", "int64", "peak resident memory of the process", required=True),
        Column(
            "error", "string", "why there is no judgement: it failed, took too long or wrote a bad file", required=True
        ),
        Column("accounts_true", "int64", "accounts that operators ran"),
        Column("accounts_accused", "int64", "accounts in a campaign that accuses"),
        Column("account_precision_fraction", "float64", "accused accounts that operators ran, of all accused"),
        Column("account_recall_fraction", "float64", "the same, of all that operators ran"),
        Column("exchange_precision_fraction", "float64", "accused exchanges that were taken, of all accused"),
        Column("exchange_recall_fraction", "float64", "the same, of all taken; cover traffic is not taken"),
        Column("exchanges_listed", "bool", "it lists exchanges; else all exchanges of its accounts count as accused"),
        Column("campaigns_true", "int64", "operators"),
        Column("campaigns_found", "int64", "campaigns that accuse"),
        Column("purity_fraction", "float64", "members that belong to the commonest operator of their campaign"),
        Column("splits", "int64", "campaigns beyond the first of each operator"),
        Column("merges", "int64", "operators beyond the first of each campaign, with a tenth of their accounts in it"),
        Column("adjusted_rand_index", "float64", "of accounts by operator and by campaign, the others alone"),
        Column(
            "declared_recall_fraction", "float64", "named as declared harvest, not accused, of all that operators ran"
        ),
        Column("innocents", "int64", "accused accounts that no operator ran"),
        Column("innocents_by_kind", "string", "the same by kind, a JSON object"),
        Column("target_macro_f1", "float64", "of the targets named for rightly listed exchanges"),
        Column("looks", "int64", "times it was run on the growing log"),
        Column("taken_exchanges", "int64", "exchanges taken in all"),
        Column("leaked_first_exchanges", "int64", "taken before the first account of their operator was flagged"),
        Column("leaked_first_tasks", "int64", "unique tasks among these, in whatever words"),
        Column("leaked_whole_exchanges", "int64", "taken before every account of their operator had been flagged"),
        Column("leaked_whole_tasks", "int64", "unique tasks among these"),
        Column("leaked_first_fraction", "float64", "leaked_first_exchanges of taken_exchanges"),
        Column("exceedance", "string", "groups checked and groups that reached b bits, a JSON object by b"),
        Column("innocent_accounts_by_kind", "string", "accounts that no operator ran, by kind, a JSON object"),
    ),
)
