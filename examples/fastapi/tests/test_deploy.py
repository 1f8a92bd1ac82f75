"""What is deployed has settings that exist, and the same in manifests and chart."""

import re
import shutil
import subprocess
from typing import Any

import pytest
from here import EXAMPLE

yaml = pytest.importorskip("yaml")

DEPLOY = EXAMPLE / "deploy"


def variables() -> set[str]:
    text = (EXAMPLE / ".env.example").read_text()
    return set(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", text, re.MULTILINE))


def load(path: str) -> Any:
    return yaml.safe_load((DEPLOY / path).read_text())


def test_settings_exist_and_are_the_same() -> None:
    values = load("chart/values.yaml")
    settings = load("kubernetes/configmap.yaml")["data"]
    assert set(settings) <= variables()
    assert values["settings"] == settings
    assert all(isinstance(value, str) for value in settings.values()), "a ConfigMap holds texts"


def test_there_is_time_for_the_drain() -> None:
    seconds = int(load("kubernetes/configmap.yaml")["data"]["DRAIN_SECONDS"])
    pod = load("kubernetes/deployment.yaml")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    pause = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    closing = 10
    for grace in (pod["terminationGracePeriodSeconds"], load("chart/values.yaml")["terminationGracePeriodSeconds"]):
        assert grace > pause + seconds + closing


def test_chart_and_manifests_have_the_same_container() -> None:
    manifest = (DEPLOY / "kubernetes" / "deployment.yaml").read_text()
    chart = (DEPLOY / "chart" / "templates" / "deployment.yaml").read_text()
    for line in manifest.partition("readinessProbe:")[2].partition("resources:")[0].splitlines():
        assert line.strip().startswith("#") or line in chart, line


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl")
def test_the_manifests_fit_together() -> None:
    built = subprocess.run(
        ["kubectl", "kustomize", str(DEPLOY / "kubernetes")], capture_output=True, text=True, check=True, timeout=30
    )
    kinds = [part["kind"] for part in yaml.safe_load_all(built.stdout)]
    assert sorted(kinds) == ["ConfigMap", "Deployment", "PodDisruptionBudget", "Service", "ServiceAccount"]
