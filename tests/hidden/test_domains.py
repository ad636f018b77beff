"""Lists of mail domains say what they should."""

from stillwatch.hidden.domains import disposable_domains, free_domains, is_disposable


def test_a_disposable_domain_and_what_lies_under_it_are_disposable() -> None:
    assert is_disposable("mailinator.com")
    assert is_disposable("box.mailinator.com")


def test_a_domain_that_only_looks_alike_is_not() -> None:
    assert not is_disposable("notmailinator.com.example.org")
    assert not is_disposable("com")
    assert not is_disposable("")


def test_no_public_provider_is_listed_as_disposable() -> None:
    assert free_domains() & disposable_domains() == frozenset()
    assert all(name == name.lower().strip() for name in free_domains() | disposable_domains())
