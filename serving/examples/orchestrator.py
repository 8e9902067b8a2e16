"""Example orchestrator on SpiffWorkflow that starts, routes and resumes BPMN processes.

What happens in which order and who approves is in the `.bpmn` and `.dmn` files beside this one.
Their expressions are run as Python: load only files of your own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, assert_never
from uuid import UUID

from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.specs.defaults import EndEvent
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.spiff.parser.process import VALIDATOR, SpiffBpmnParser
from SpiffWorkflow.spiff.serializer.config import SPIFF_CONFIG
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from serving.examples.client import TriageClient
from serving.examples.outbox import DecisionReport, Outbox
from serving.examples.outcome import ProcessStep, advice_from_outcome

PROCESS_FOLDER = Path(__file__).parent


class Process(StrEnum):
    """The processes there are; each is a file."""

    BLOCKED_INVOICE = "blocked_invoice"
    REPLENISHMENT_REQUEST = "replenishment_request"


class Operation(StrEnum):
    """What the service tasks of the processes call."""

    SCORE = "triage/score"
    REPORT = "triage/report"


@dataclass(frozen=True)
class UserTask:
    """A user task that waits. approver: the role the tables chose. known: all process variables."""

    id: UUID
    name: str
    approver: str
    due_hours: int
    known: Mapping[str, Any]


class TriageScriptEngine(PythonScriptEngine):  # type: ignore[misc] # SpiffWorkflow has no types
    """Does what service tasks say. No trouble of the service gets into the engine as an error."""

    def __init__(self, triage: TriageClient, outbox: Outbox) -> None:
        super().__init__()
        self.triage = triage
        self.outbox = outbox

    def call_service(self, task: Task, **call: Any) -> str:
        """The result of an operation as JSON, as the engine wants it."""
        given = {name: one["value"] for name, one in call["operation_params"].items()}
        step = ProcessStep(task.workflow.top_workflow.task_tree.id, task.id)
        match Operation(call["operation_name"]):
            case Operation.SCORE:
                outcome = self.triage.score(given["task"], given["case"], step)
                return json.dumps(advice_from_outcome(outcome).variables())
            case Operation.REPORT:
                return json.dumps(self._report(given, step))
            case operation:
                assert_never(operation)

    def _report(self, given: dict[str, Any], step: ProcessStep) -> dict[str, str]:
        """First on the disk, then on its way: a process never waits for a report."""
        recommendation = given.pop("recommendation")
        said = {name: value for name, value in given.items() if value is not None}
        self.outbox.put(DecisionReport(step, recommendation, said))
        self.outbox.deliver(self.triage)
        return {"recommendation": recommendation}


@dataclass
class Orchestrator:
    """Runs process instances. What it is between two calls is text, to be kept anywhere."""

    calls: TriageScriptEngine

    def __post_init__(self) -> None:
        registry = BpmnWorkflowSerializer.configure(SPIFF_CONFIG)
        self.serializer = BpmnWorkflowSerializer(registry)

    def start(self, process: Process, **known: Any) -> BpmnWorkflow:
        """A new instance, run until it waits for a person. known: what the process starts with."""
        parser = SpiffBpmnParser(validator=VALIDATOR)
        parser.add_bpmn_file(str(PROCESS_FOLDER / f"{process}.bpmn"))
        parser.add_dmn_files(
            [str(path) for path in sorted(PROCESS_FOLDER.glob(f"{process}_*.dmn"))]
        )
        workflow = BpmnWorkflow(parser.get_spec(process), script_engine=self.calls)
        workflow.get_next_task(state=TaskState.READY).set_data(**known)
        workflow.do_engine_steps()
        return workflow

    def waiting(self, workflow: BpmnWorkflow) -> list[UserTask]:
        """What waits for a person."""
        return [
            UserTask(
                task.id,
                task.task_spec.bpmn_name,
                task.data["approver"],
                task.data["due_hours"],
                dict(task.data),
            )
            for task in workflow.get_tasks(state=TaskState.READY, manual=True)
        ]

    def complete(self, workflow: BpmnWorkflow, work: UserTask, **decision: Any) -> None:
        """What a person decided: on with the process.

        decision: `approved`, `action` and `person`; `resolved_as` and `reason` where they apply.

        Raises:
            ValueError: a decision that lacks something; the task goes on waiting.
        """
        if missing := {"approved", "action", "person"} - decision.keys():
            raise ValueError(f"{work.name}: the decision lacks {', '.join(sorted(missing))}")
        if decision["action"] == "overridden" and not decision.get("reason"):
            raise ValueError(f"{work.name}: to override a recommendation takes a reason")
        task = workflow.get_task_from_id(work.id)
        task.task_spec.add_data_from_form(task, decision)
        task.run()
        workflow.do_engine_steps()

    def ended(self, workflow: BpmnWorkflow) -> str | None:
        """The name of the event the process ended with; None while it runs."""
        if not workflow.is_completed():
            return None
        (end,) = workflow.get_tasks(state=TaskState.COMPLETED, spec_class=EndEvent)
        return str(end.task_spec.bpmn_name)

    def save(self, workflow: BpmnWorkflow) -> str:
        """The instance as JSON."""
        return str(self.serializer.serialize_json(workflow))

    def load(self, saved: str) -> BpmnWorkflow:
        """An instance as it was saved; steps keep their ids, and so their keys."""
        workflow = self.serializer.deserialize_json(saved)
        workflow.script_engine = self.calls
        return workflow
