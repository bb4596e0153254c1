def test_a(run_and_read_spool):
    run = run_and_read_spool("def test_x(evidence): evidence.text('hello')")
    print(run.output)
    assert run.names("test_x") == ["text.txt"]


def test_b(run_refused):
    print(
        run_refused(
            "import pytest\n@pytest.mark.evidence(sqash='TC-1')\ndef test_it(): pass\n@pytest.mark.evidence(archive='TC-1')\ndef test_it2(): pass"
        )
    )
    assert 0


def test_c(run_refused):
    print(
        run_refused(
            "import pytest\n@pytest.mark.evidence(sqash='TC-1')\ndef test_it(): pass\n@pytest.mark.evidence(archive='TC-1')\ndef test_it2(): pass",
            "-n2",
        )
    )
    assert 0
