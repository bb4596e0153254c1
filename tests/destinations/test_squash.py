"""The Squash TM destination: the contract, then its settings, limits and refusals."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pytest_attach_evidence.deliver.looking import look_at
from pytest_attach_evidence.destinations.base import Choosing
from pytest_attach_evidence.destinations.base import Concluding
from pytest_attach_evidence.destinations.base import Destination
from pytest_attach_evidence.destinations.squash import Squash
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import TargetError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.errors import UncertainError
from pytest_attach_evidence.model import Outcome
from pytest_attach_evidence.model import Receipt
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.retry import Budget
from pytest_attach_evidence.sandbox.squash_access import READ_ONLY
from pytest_attach_evidence.sandbox.squash_access import READ_WRITE
from pytest_attach_evidence.secrets import Secrets
from pytest_attach_evidence.settings import Settings

from .contract import DestinationContract
from .scene import Scene
from .scene import scene_of


UPLOAD = ("POST", r"/attachments$")
TOKEN = "PYTEST_EVIDENCE_SQUASH_TOKEN"
URL = {"evidence_squash_url": "https://squash.example/squash"}

SceneOf = Callable[..., Scene]


@pytest.fixture
def make_scene(tmp_path: Path) -> Iterator[SceneOf]:
    """Build a scene with target, options, credentials and switches of choice."""
    with ExitStack() as stack:

        def build(text: str = "executions/1042", **more: Any) -> Scene:
            return stack.enter_context(
                scene_of(Squash, "squash", tmp_path, text=text, upload=UPLOAD, **more)
            )

        yield build


class TestSquash(DestinationContract):
    """An execution named by its id keeps all promises."""

    @pytest.fixture
    def scene(self, make_scene: SceneOf) -> Scene:
        """A destination whose target is an execution."""
        return make_scene()


class TestSquashTestCase(DestinationContract):
    """A test case, which gets a new execution, keeps them too."""

    @pytest.fixture
    def scene(self, make_scene: SceneOf) -> Scene:
        """A destination whose target is a test case, at a version with the older paths."""
        return make_scene("TC-12", version=13, max_page_size=5)


class TestSquashWithoutExtensions(DestinationContract):
    """A server that shows names without their extensions, and itself behind a proxy, does no harm."""

    @pytest.fixture
    def scene(self, make_scene: SceneOf) -> Scene:
        """A destination at a server whose own addresses lead elsewhere."""
        return make_scene("#212", name_mode="stem", link_root="http://inside.example/squash")


class TestSettings:
    """What is configured, and what is wrong with it."""

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ({}, "evidence_squash_url is not set"),
            ({"evidence_squash_url": "squash.example"}, "evidence_squash_url is"),
            ({"evidence_squash_url": "http://squash.example/squash"}, "evidence_http_hosts"),
            ({"evidence_squash_url": "https://a.example/squash/api/rest/latest/"}, "before /api"),
            (URL | {"evidence_squash_iteration": "IT-1"}, "evidence_squash_iteration is 'IT-1'"),
            (URL | {"evidence_squash_execution": "old"}, "evidence_squash_execution is 'old'"),
            (URL | {"evidence_squash_status": "yes"}, "evidence_squash_status is 'yes'"),
        ],
    )
    def test_a_wrong_option_is_named(self, given: dict[str, str], told: str) -> None:
        """Each problem is one line with the option and the way out; targets are refused with it."""
        squash = Squash(Settings(given=given), Secrets({}), Budget.lasting(1))

        [problem] = squash.problems(uploading=False)
        with pytest.raises(TargetError) as caught:
            squash.parse("executions/1042")

        assert told in problem
        assert problem == str(caught.value)

    @pytest.mark.parametrize(
        ("environ", "told"),
        [
            ({}, "PYTEST_EVIDENCE_SQUASH_TOKEN, or"),
            ({"PYTEST_EVIDENCE_SQUASH_USER": "me"}, "PYTEST_EVIDENCE_SQUASH_PASSWORD"),
            ({TOKEN: "two words"}, "characters that no token has"),
            ({TOKEN: "tök.en.x"}, "characters that no token has"),
            ({f"{TOKEN}_FILE": "/does/not/exist"}, "cannot be read"),
            (
                {
                    "PYTEST_EVIDENCE_SQUASH_USER": "a:b",
                    "PYTEST_EVIDENCE_SQUASH_PASSWORD": "made-up",
                },
                "a colon",
            ),
        ],
    )
    def test_wrong_credentials_are_named_when_they_are_needed(
        self, environ: dict[str, str], told: str
    ) -> None:
        """Collecting needs no credentials; for uploading the variable is named, never the value."""
        squash = Squash(Settings(given=URL), Secrets(environ), Budget.lasting(1))

        [problem] = squash.problems(uploading=True)

        assert [] == squash.problems(uploading=False)
        assert told in problem
        assert not [value for value in Secrets(environ).known_values() if value in problem]

    @pytest.mark.parametrize(
        ("settings", "environ", "told"),
        [
            (Settings(given=URL), {}, "no credentials for squash"),
            (Settings(), {TOKEN: READ_WRITE}, "evidence_squash_url is not set"),
            (
                Settings(given=URL, ca_bundle="/does/not/exist.pem"),
                {TOKEN: READ_WRITE},
                "evidence_ca_bundle names /does/not/exist.pem, which cannot be used",
            ),
        ],
    )
    def test_what_cannot_connect_is_closed(
        self, settings: Settings, environ: dict[str, str], told: str
    ) -> None:
        """Whoever delivers in spite of problems gets them once more, and nothing is sent."""
        squash = Squash(settings, Secrets(environ), Budget.lasting(1))
        target = Target.of("squash", "https://squash.example/squash", "executions", "1042")

        [problem] = squash.check([target, target])

        assert told in problem.seen

    def test_the_origin_is_the_normalised_root(self) -> None:
        """Host in small letters, no default port, no slash at the end; '' where nothing is set."""
        given = {"evidence_squash_url": "https://Squash.Example:443/squash/"}

        named = Squash(Settings(given=given), Secrets({}), Budget.lasting(1))
        unset = Squash(Settings(), Secrets({}), Budget.lasting(1))

        assert ("https://squash.example/squash", "") == (named.origin, unset.origin)
        assert named.origin == named.parse("executions/1042").origin

    def test_it_has_the_protocols(self) -> None:
        """The engine can use it, and tell it outcomes."""
        squash = Squash(Settings(), Secrets({}), Budget.lasting(1))

        assert isinstance(squash, Destination)
        assert isinstance(squash, Concluding)
        assert isinstance(squash, Choosing)

    @pytest.mark.parametrize(
        ("status", "expected"), [("off", []), ("", ["TC-1"]), ("on", ["TC-1", "executions/1042"])]
    )
    def test_it_tells_which_targets_have_a_status(self, status: str, expected: list[str]) -> None:
        """Executions, those of others only where that is asked for; the other owners have none."""
        given = {"evidence_squash_url": "https://squash.example", "evidence_squash_iteration": "4"}
        given |= {"evidence_squash_status": status} if status else {}
        squash = Squash(Settings(given=given), Secrets({}), Budget.lasting(1))

        texts = ("TC-1", "executions/1042", "requirement-versions/7")

        assert expected == [text for text in texts if squash.concludes(squash.parse(text))]


class TestAccess:
    """Credentials of every sort against a real socket."""

    @pytest.mark.parametrize(
        "environ",
        [
            {TOKEN: READ_WRITE},
            {
                "PYTEST_EVIDENCE_SQUASH_USER": "sandbox-müller",
                "PYTEST_EVIDENCE_SQUASH_PASSWORD": "sandbox-squash-paßwort",
            },
        ],
    )
    def test_credentials_are_accepted(self, make_scene: SceneOf, environ: dict[str, str]) -> None:
        """A token, and a password that is not ASCII."""
        scene = make_scene(environ=environ)
        [piece] = scene.pieces(("a.txt", b"content"))

        assert isinstance(scene.deliver([piece])[piece.key], Receipt)

    def test_a_wrapped_token_is_unwrapped(self) -> None:
        """The value that the UI's own call answers is no problem either."""
        wrapped = base64.b64encode(b"aGVhZGVy.cGF5bG9hZA.c2lnbmF0dXJl").decode()

        squash = Squash(Settings(given=URL), Secrets({TOKEN: wrapped}), Budget.lasting(1))

        assert [] == squash.problems(uploading=True)

    def test_a_read_only_token_closes_the_destination(self, make_scene: SceneOf) -> None:
        """It may read the plan, and the first write is refused with 401; the hint names the right."""
        scene = make_scene("TC-12", environ={TOKEN: READ_ONLY})
        [piece] = scene.pieces(("a.txt", b"content"))

        with pytest.raises(DestinationClosedError) as caught:
            scene.deliver([piece])

        assert "read-only" in caught.value.next_step
        assert READ_ONLY not in str(caught.value)

    def test_a_wrong_context_path_closes_the_destination(self, make_scene: SceneOf) -> None:
        """Tomcat's own 404 is not taken for a missing execution."""
        scene = make_scene()
        root = {"evidence_squash_url": scene.sandbox.roots["squash"].removesuffix("/squash")}
        squash = Squash(Settings(given=root), scene.secrets, scene.budget)

        [problem] = squash.check([squash.parse("executions/1042"), squash.parse("executions/1043")])

        assert "context path" in problem.next_step
        squash.close()


class TestDelivery:
    """Uploads to owners that are named directly."""

    def test_eight_pieces_are_one_request(self, make_scene: SceneOf) -> None:
        """Pieces of a target go together, up to the number the destination takes in a call."""
        scene = make_scene()
        pieces = scene.pieces(*[(f"{number}.txt", b"x") for number in range(8)])

        scene.deliver(pieces)

        assert 1 == scene.uploads()

    @pytest.mark.parametrize(
        "text", ["iterations/4", "execution-steps/77", "test-cases/212", "requirement-versions/61"]
    )
    def test_other_owners_get_attachments_too(self, make_scene: SceneOf, text: str) -> None:
        """The path is the target's own, and no plan is read for it."""
        scene = make_scene(text)
        [piece] = scene.pieces(("a.txt", b"content"))

        receipt = scene.deliver([piece])[piece.key]

        assert isinstance(receipt, Receipt)
        assert [text] == [file.object for file in scene.sandbox.store.ledger()]
        assert [] == scene.requests(pattern="test-plan")
        expected = f"{scene.sandbox.roots['squash']}/api/rest/latest/attachments/"
        assert f"{expected}{receipt.remote_id}" == receipt.remote_url

    def test_a_number_that_is_a_reference_too_is_refused(self, make_scene: SceneOf) -> None:
        """Both spellings are named; nothing is sent."""
        scene = make_scene("1042", options={"evidence_squash_iteration": "5"})
        [piece] = scene.pieces(("a.txt", b"content"))

        with pytest.raises(PermanentError) as caught:
            scene.deliver([piece])

        assert "executions/1042" in caught.value.next_step
        assert "ref:1042" in caught.value.next_step
        assert 0 == scene.uploads()

    @pytest.mark.parametrize("iteration", ["", "4"])
    def test_a_number_that_is_no_reference_is_an_execution(
        self, make_scene: SceneOf, iteration: str
    ) -> None:
        """The plan is asked only where an iteration is configured."""
        scene = make_scene("1042", options={"evidence_squash_iteration": iteration})
        [piece] = scene.pieces(("a.txt", b"content"))

        scene.deliver([piece])

        assert ["executions/1042"] == [file.object for file in scene.sandbox.store.ledger()]
        assert bool(iteration) == bool(scene.requests(pattern="test-plan"))

    def test_limits_of_the_server_are_told_with_the_number(self, make_scene: SceneOf) -> None:
        """Its size limit is in the message."""
        scene = make_scene(max_bytes=4000)
        [piece] = scene.pieces(("a.bin", b"x" * 5000))

        with pytest.raises(PermanentError, match="4000 bytes"):
            scene.deliver([piece])

    def test_a_locked_milestone_is_final(self, make_scene: SceneOf) -> None:
        """A rule of the product is refused with 412, which no repetition cures."""
        scene = make_scene(locked=["executions/1042"])
        [piece] = scene.pieces(("a.txt", b"content"))

        with pytest.raises(PermanentError, match="The milestone is locked"):
            scene.deliver([piece])

    def test_a_missing_execution_is_final(self, make_scene: SceneOf) -> None:
        """404 names the object."""
        scene = make_scene("executions/99")
        [piece] = scene.pieces(("a.txt", b"content"))

        with pytest.raises(PermanentError, match="executions/99"):
            scene.deliver([piece])

    def test_a_404_of_a_gateway_does_not_say_that_nothing_is_there(
        self, make_scene: SceneOf
    ) -> None:
        """While it does not know the way to Squash TM it answers so for everything, in JSON."""
        scene = make_scene()
        [piece] = scene.pieces(("a.txt", b"content"))
        scene.deliver([piece])
        scene.sandbox.faults.add("status-404", method="GET", path="/executions/", times=2)

        with pytest.raises(UncertainError, match="404"):
            scene.destination.find(piece.target, [piece])
        assert [piece.key] == list(scene.destination.find(piece.target, [piece]))

    def test_nothing_is_sent_after_the_stop(self, make_scene: SceneOf) -> None:
        """A stopped delivery sends nothing and says so."""
        scene = make_scene()
        [piece] = scene.pieces(("a.txt", b"content"))
        scene.budget.stop.set()

        with pytest.raises(TemporaryError, match="nothing was sent"):
            scene.deliver([piece])

        assert [] == scene.requests()


class TestFind:
    """Looking for what is there."""

    def test_for_nothing_nobody_is_asked(self, make_scene: SceneOf) -> None:
        """Without pieces there is nothing to look for."""
        scene = make_scene()

        assert {} == scene.destination.find(scene.destination.parse(scene.text), [])
        assert [] == scene.requests()

    def test_a_refused_listing_is_uncertain(self, make_scene: SceneOf) -> None:
        """Who may not look cannot say that nothing is there."""
        scene = make_scene()
        [piece] = scene.pieces(("a.txt", b"content"))
        scene.sandbox.faults.add("status-403", method="GET")

        with pytest.raises(UncertainError, match="403"):
            scene.destination.find(piece.target, [piece])

    def test_a_piece_of_another_size_is_not_ours(self, make_scene: SceneOf) -> None:
        """A torn upload is not taken for the whole."""
        scene = make_scene()
        [piece] = scene.pieces(("a.txt", b"content"))
        scene.deliver([piece])
        [file] = scene.sandbox.store.files("squash", "executions/1042")
        scene.sandbox.store.remove("squash", file.id)
        object.__setattr__(file, "size", 3)
        scene.sandbox.store.copy(file, id=file.id, object=file.object)

        assert {} == scene.destination.find(piece.target, [piece])

    def test_a_long_list_is_read_to_its_end(self, make_scene: SceneOf) -> None:
        """What is on the last page is found as well."""
        scene = make_scene(max_page_size=2)
        pieces = scene.pieces(*[(f"{number}.txt", b"x") for number in range(7)])
        scene.deliver(pieces)

        found = scene.destination.find(pieces[0].target, pieces[6:])

        assert [pieces[6].key] == list(found)


class TestConclude:
    """The status of an execution that was named."""

    def test_an_execution_of_others_keeps_its_status(self, make_scene: SceneOf) -> None:
        """By default only executions that we created get one."""
        scene = make_scene()

        scene.destination.conclude(scene.destination.parse(scene.text), Outcome.FAILED, scene.notes)

        assert [] == scene.requests()

    def test_it_gets_one_where_that_is_switched_on(self, make_scene: SceneOf) -> None:
        """`evidence_squash_status = on` is about named executions too."""
        scene = make_scene(options={"evidence_squash_status": "on"})

        scene.destination.conclude(scene.destination.parse(scene.text), Outcome.FAILED, scene.notes)

        system: Any = scene.sandbox.systems["squash"]
        assert "FAILURE" == system.plan.things["executions/1042"].status

    def test_other_owners_have_no_status(self, make_scene: SceneOf) -> None:
        """Nothing is asked for them."""
        scene = make_scene("iterations/4", options={"evidence_squash_status": "on"})

        scene.destination.conclude(scene.destination.parse(scene.text), Outcome.FAILED, scene.notes)

        assert [] == scene.requests()


class TestCheck:
    """What the doctor finds."""

    def test_good_targets_have_no_problem(self, make_scene: SceneOf) -> None:
        """Each is read once, and nothing is created."""
        scene = make_scene()
        texts = ["executions/1042", "1042", "TC-12", "#212", "iterations/4", "TC-30[chrome]"]

        problems = scene.destination.check([scene.destination.parse(text) for text in texts])

        assert [] == problems
        assert [] == scene.sandbox.store.ledger()
        [asked] = scene.requests("POST")  # whether the token may write: nothing has the id 0
        assert asked.endswith("/executions/0/attachments")

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("executions/99", "404"),
            ("TC-99", "TC-99"),
            ("TC-30", "chrome, firefox"),
            ("TC-5", "never been executed"),
        ],
    )
    def test_bad_targets_are_named(self, make_scene: SceneOf, text: str, told: str) -> None:
        """Each problem names the target, what was seen, and what to do."""
        scene = make_scene(options={"evidence_squash_execution": "latest"})

        [problem] = scene.destination.check([scene.destination.parse(text)])

        assert told in problem.seen
        assert problem.next_step

    def test_each_object_is_read_once_however_many_targets_lead_there(
        self, make_scene: SceneOf
    ) -> None:
        """A test case with two datasets, and an execution that is spelled in two ways."""
        scene = make_scene()
        texts = ["executions/1042", "1042", "TC-30[chrome]", "TC-30[firefox]"]

        seen = look_at(
            scene.destination, list(map(scene.destination.parse, texts)), Budget.lasting(60)
        )

        assert all(look.seen and not look.problems for look in seen.objects.values())
        read = [re.sub(r"[?].*", "", one) for one in scene.requests("GET")]
        assert 1 == sum(one.endswith("/executions/1042") for one in read)
        assert 1 == sum("/test-cases/" in one for one in read)

    def test_a_lost_answer_about_writing_hides_no_object(self, make_scene: SceneOf) -> None:
        """It is asked for nothing else: nobody can tell, and everything is looked at."""
        scene = make_scene()
        scene.sandbox.faults.add("answer-lost", system="squash", method="POST")
        target = scene.destination.parse("executions/1042")

        seen = look_at(scene.destination, [target], Budget.lasting(60))

        [fact] = [fact for fact in seen.whole.facts if fact.what == "may write"]
        assert (False, ()) == (fact.known, seen.whole.problems)
        assert seen.objects[target].seen.startswith("execution 1042")

    def test_what_is_turned_away_for_the_moment_is_asked_again(self, make_scene: SceneOf) -> None:
        """A plan as well, of which no other object depends."""
        scene = make_scene()
        scene.sandbox.faults.add("status-503", system="squash", path="/test-plan")
        target = scene.destination.parse("TC-12")

        seen = look_at(scene.destination, [target], Budget.lasting(60))

        assert ((), ()) == (seen.whole.problems, seen.objects[target].problems)

    @pytest.mark.parametrize("odd", [False, True])
    def test_whether_one_may_write_is_said_only_where_it_was_told(
        self, make_scene: SceneOf, odd: bool
    ) -> None:
        """Another answer than the documented one is no leave to write, and no refusal."""
        scene = make_scene()
        if odd:
            scene.sandbox.faults.add("status-415", system="squash", method="POST")

        look = scene.destination.examination().begin([])

        [fact] = [fact for fact in look.facts if fact.what == "may write"]
        assert (not odd, ()) == (fact.known, look.problems)
