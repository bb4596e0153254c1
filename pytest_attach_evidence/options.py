"""Every option of the plugin in one table: ini name, kind, default, help; flags follow from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One ini option; every scalar, and every list of paths, is a flag too.

    `kind` is `choice`, `text`, `path`, `number`, `size`, or a list of them: `names`, `lines`, `paths`.
    `default` is written as in an ini file.
    """

    name: str
    help: str
    kind: str = "text"
    default: str = ""
    choices: tuple[str, ...] = ()

    @property
    def is_list(self) -> bool:
        """Whether the option holds several values, one a line."""
        return self.kind in ("names", "lines", "paths")

    @property
    def has_flag(self) -> bool:
        """Whether there is a flag: of every scalar, and of paths, where it is given once for each."""
        return not self.is_list or self.kind == "paths"

    @property
    def flag(self) -> str:
        """The command line flag, where there is one."""
        return "--" + self.name.replace("_", "-")


def _filters(name: str) -> tuple[Option, Option]:
    """Return the options that say what one destination takes."""
    return (
        Option(
            name=f"evidence_{name}_when",
            kind="choice",
            choices=("", "always", "failed", "passed"),
            help=f"Outcomes of a test of whose kept evidence {name} gets something (default: all)",
        ),
        Option(
            name=f"evidence_{name}_kinds",
            kind="names",
            help=f"Kinds of evidence that {name} gets, such as screenshot, log (default: all)",
        ),
    )


OPTIONS = (
    Option(
        name="evidence",
        kind="choice",
        choices=("off", "collect", "upload"),
        default="off",
        help="Keep evidence of the tests (collect), and deliver it at the end (upload)",
    ),
    Option(
        name="evidence_destinations",
        kind="names",
        default="archive",
        help="Destinations that get evidence: squash, workiva, huawei, rillsoft, archive",
    ),
    Option(
        name="evidence_dir",
        kind="path",
        default=".evidence",
        help="Folder in which evidence waits (the spool)",
    ),
    Option(
        name="evidence_archive_dir",
        kind="path",
        default=".evidence/archive",
        help="Folder of the archive destination",
    ),
    Option(
        name="evidence_map",
        kind="paths",
        help="Map files, CSV or TOML, that say where the evidence of tests goes",
    ),
    Option(
        name="evidence_when",
        kind="choice",
        choices=("always", "failed", "passed"),
        default="always",
        help="Outcomes of a test whose evidence is kept",
    ),
    Option(
        name="evidence_screenshot",
        kind="choice",
        choices=("off", "failed", "always"),
        default="failed",
        help="When windows and pages are photographed: browsers, Qt windows, figures",
    ),
    Option(
        name="evidence_screenshot_teardown",
        kind="choice",
        choices=("off", "on"),
        default="off",
        help="Whether a picture is taken before every teardown, and kept if that fails",
    ),
    Option(
        name="evidence_page",
        kind="choice",
        choices=("off", "failed", "always"),
        default="off",
        help="When a page's source, address, console and failed requests are kept",
    ),
    Option(
        name="evidence_console",
        kind="choice",
        choices=("off", "failed"),
        default="off",
        help="Whether evidence_page also reads Selenium's browser console, which this empties for the test",
    ),
    Option(
        name="evidence_listen",
        kind="names",
        default="console network",
        help="What evidence_page listens to Playwright's pages for: console, network, or off",
    ),
    Option(
        name="evidence_capture_limit",
        kind="number",
        default="5",
        help="Seconds that all pictures and texts of one phase may take together",
    ),
    Option(
        name="evidence_log",
        kind="choice",
        choices=("off", "failed", "always"),
        default="failed",
        help="When captured log, output and traceback become evidence",
    ),
    Option(
        name="evidence_log_size",
        kind="size",
        default="1M",
        help="Size of a test's log above which only its beginning and its end are kept",
    ),
    Option(
        name="evidence_files",
        kind="lines",
        help="Globs of files taken from the output folders of a test, such as *.png or logs/**",
    ),
    Option(
        name="evidence_bridge",
        kind="names",
        help="Where else to take what tests attach: pytest-html, properties, allure",
    ),
    Option(
        name="evidence_reports",
        kind="lines",
        help="Globs of report files attached to the run, such as junit.xml",
    ),
    Option(
        name="evidence_run_targets",
        kind="lines",
        help="Targets of the run's own evidence, one destination=target a line",
    ),
    Option(
        name="evidence_reruns",
        kind="choice",
        choices=("all", "last"),
        default="all",
        help="Attempts of a repeated test whose evidence is kept",
    ),
    Option(
        name="evidence_redact",
        kind="lines",
        help="Regular expressions masked in text evidence and messages",
    ),
    Option(
        name="evidence_max_size",
        kind="size",
        default="100M",
        help="Largest piece that is taken, in bytes or with K, M, G",
    ),
    Option(
        name="evidence_parallel",
        kind="number",
        default="4",
        help="Targets of one destination that are served at once",
    ),
    Option(
        name="evidence_deadline",
        kind="number",
        default="300",
        help="Seconds for delivery at the end of the session",
    ),
    Option(
        name="evidence_stall",
        kind="number",
        default="30",
        help="Seconds without a byte after which a request is given up",
    ),
    Option(
        name="evidence_on_undelivered",
        kind="choice",
        choices=("fail", "warn"),
        default="fail",
        help="Whether evidence that was not delivered fails the run",
    ),
    Option(
        name="evidence_on_missing",
        kind="choice",
        choices=("off", "warn", "fail"),
        default="off",
        help="Whether tests that should have evidence and have none are named, or fail the run",
    ),
    Option(
        name="evidence_keep_runs",
        kind="number",
        default="3",
        help="Delivered runs that are kept in the spool",
    ),
    Option(
        name="evidence_ca_bundle",
        kind="path",
        help="PEM file of the authorities to trust instead of the system's",
    ),
    Option(
        name="evidence_http_hosts",
        kind="names",
        help="Hosts for which http:// is accepted",
    ),
    *_filters("archive"),
    Option(name="evidence_squash_url", help="Root of Squash TM with its context path"),
    Option(
        name="evidence_squash_iteration",
        help="Iteration whose plan test cases are in: its id, or project/campaign/iteration by name",
    ),
    Option(
        name="evidence_squash_execution",
        kind="choice",
        choices=("new", "latest"),
        default="new",
        help="Execution that gets the evidence of a test case",
    ),
    Option(
        name="evidence_squash_status",
        kind="choice",
        choices=("", "on", "off"),
        help="Whether the execution gets the outcome as status (default: new executions only)",
    ),
    Option(
        name="evidence_squash_steps",
        kind="choice",
        choices=("on", "off"),
        default="on",
        help="Whether evidence of a step goes to the execution step of the same number",
    ),
    Option(
        name="evidence_squash_comment",
        kind="choice",
        choices=("off", "on"),
        default="off",
        help="Whether the execution gets a comment with run, tests and outcomes",
    ),
    *_filters("squash"),
    Option(
        name="evidence_workiva_url",
        default="https://api.app.wdesk.com",
        help="Root of the Workiva API of your region",
    ),
    Option(
        name="evidence_workiva_version",
        kind="choice",
        choices=("2026-01-01", "2022-01-01"),
        default="2026-01-01",
        help="Version of the Workiva API",
    ),
    Option(
        name="evidence_workiva_hosts",
        kind="names",
        help="Further hosts that may get Workiva uploads and give its files",
    ),
    *_filters("workiva"),
    Option(name="evidence_huawei_url", help="Endpoint of CodeArts Req in your region"),
    Option(name="evidence_huawei_project", help="Id of the CodeArts project"),
    Option(
        name="evidence_huawei_iam_url", help="Endpoint of IAM, for logins with user and password"
    ),
    Option(name="evidence_huawei_region", help="Region, such as cn-north-4"),
    Option(
        name="evidence_huawei_max_file",
        kind="size",
        default="50M",
        help="Largest file that CodeArts takes (its documentation says 50 MB, its SDK 200)",
    ),
    Option(
        name="evidence_huawei_max_total",
        kind="size",
        default="50M",
        help="What one CodeArts work item takes in total (its user guide says 50 MB, and 500)",
    ),
    Option(
        name="evidence_huawei_max_signed",
        kind="size",
        default="12M",
        help="Largest request that the gateway takes where an access key signs it",
    ),
    *_filters("huawei"),
    Option(name="evidence_rillsoft_url", help="Root of the Rillsoft Integration Server"),
    Option(name="evidence_rillsoft_client", help="Id of the client (tenant)"),
    Option(name="evidence_rillsoft_project", help="Id of the project that scopes uploads"),
    Option(name="evidence_rillsoft_portfolio", help="Id of the portfolio that scopes uploads"),
    Option(
        name="evidence_rillsoft_bundle",
        kind="choice",
        choices=("on", "off"),
        default="on",
        help="Whether all pieces of a run for one attachment become one zip",
    ),
    *_filters("rillsoft"),
)


SECRET_NAMES = (
    "squash_token",
    "squash_user",
    "squash_password",
    "workiva_client_id",
    "workiva_client_secret",
    "huawei_access_key",
    "huawei_secret_key",
    "huawei_security_token",
    "huawei_user",
    "huawei_password",
    "huawei_domain",
    "rillsoft_token",
    "rillsoft_user",
    "rillsoft_password",
)
"""Names that are refused as options, since their values belong into the environment."""
