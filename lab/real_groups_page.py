"""The page of `real_groups.py`."""


def page(logs: list[tuple[str, list[str]]], actors: list[str]) -> str:
    head = (
        "| method | groups | largest | accounts | of all | of those that act twice | also found by Stillwatch "
        "| accounts found in three dealt copies |\n|---|---|---|---|---|---|---|---|"
    )
    blocks = [f"## Linking: {name} (positives only)\n\n{head}\n" + "\n".join(rows) + "\n" for name, rows in logs]
    return "\n".join([TEXT, *blocks, ACTORS, *actors, "", READ])


TEXT = """# The linking part on real labelled accounts

`python lab/real_groups.py`

An action (a star, a tweet) is an exchange; the shared object is its scaffold and its task. Shipped settings and nulls.
Co-sharing: TF-IDF cosine of at least 0.8; SynchroTrap-like: Jaccard of (object, hour) of at least 0.5; both with two
shared actions, components of five accounts or more. Linking thresholds were fixed before the first run; the two
per-account rules were set again after it (their first cut accused nobody). These logs hold
positives only, so precision cannot be measured; "dealt copies" hold the same actions given to random accounts: who is
found there is found by chance. A star listed under a repository's old and new name counts once.
"""

ACTORS = """## Sellers of stars against sampled accounts (labels for both)

Counts of events only: no time, no object, so nothing can be linked but the set of kinds of event an account ever did.
Half of the sampled accounts teach the second nulls and are judged by nobody. AUC: of the bits of the most suspect
group an account is in.

| method | accounts accused | precision | recall | sampled accounts accused | AUC |
|---|---|---|---|---|---|"""

READ = """## What fits and what does not

- Stillwatch finds no campaign in the first two sets, and nobody by chance (dealt copies). Among sellers and sampled
  accounts the shipped nulls, since they are as narrow as their reference, accuse accounts that did nothing but star:
  most are sold stars (precision 0.93), and 558 ordinary accounts that look the same go with them. Nulls learnt from
  half of the sampled accounts accuse nobody. In traffic unlike ours shipped nulls are surer than they should be:
  bring a reference of your own (`scan --reference`).
- Most of these accounts act once or twice. `together` compares behaviour over many exchanges (hours, gaps, volume,
  client, parameters); with one or two actions and no client, address, sign-up or text there is little to compare, and
  what there is cannot outweigh the charge for the number of hypotheses.
- Which accounts share an object at all is only a hypothesis to Stillwatch. Co-sharing takes it as evidence, and
  finds 335 accounts where chance gives 47 to 58, and 134 where chance gives 0 to 5: a signal that Stillwatch misses.
- In the set with both labels, plain counts of an account separate better than the linking: these sellers are told by
  being nearly empty accounts, which is not a sign of anything in API traffic.
- The shipped nulls come from simulated API traffic.
"""
