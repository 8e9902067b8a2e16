"""Example orchestrator on SpiffWorkflow that starts, routes and resumes BPMN processes.

The `.bpmn` and `.dmn` files beside this one define the order of the steps and the approvers. Their
expressions are run as Python: load only files of your own.
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
    """Example process; each is a file."""

    BLOCKED_INVOICE = "blocked_invoice"
    REPLENISHMENT_REQUEST = "replenishment_request"


class Operation(StrEnum):
    """Operation that a service task of a process calls."""

    SCORE = "triage/score"
    REPORT = "triage/report"


@dataclass(frozen=True)
class UserTask:
    """A user task that waits for a person.

    Attributes:
        id: of the task.
        name: of the task.
        approver: role that the decision tables chose.
        due_hours: time until it is due.
        known: all process variables.
    """

    id: UUID
    name: str
    approver: str
    due_hours: int
    known: Mapping[str, Any]


class TriageScriptEngine(PythonScriptEngine):  # type: ignore[misc] # SpiffWorkflow has no types
    """Runs service tasks. A failure of the service never reaches the engine as an error."""

    def __init__(self, triage: TriageClient, outbox: Outbox) -> None:
        super().__init__()
        self.triage = triage
        self.outbox = outbox

    def call_service(self, task: Task, **call: Any) -> str:
        """Return the result of an operation as JSON, as the engine takes it."""
        parameters = {name: item["value"] for name, item in call["operation_params"].items()}
        step = ProcessStep(task.workflow.top_workflow.task_tree.id, task.id)
        match Operation(call["operation_name"]):
            case Operation.SCORE:
                outcome = self.triage.score(parameters["task"], parameters["case"], step)
                return json.dumps(advice_from_outcome(outcome).variables())
            case Operation.REPORT:
                return json.dumps(self._report(parameters, step))
            case operation:
                assert_never(operation)

    def _report(self, parameters: dict[str, Any], step: ProcessStep) -> dict[str, str]:
        """Store a report on disk before it is sent, so that a process never waits for it."""
        recommendation = parameters.pop("recommendation")
        decision = {name: value for name, value in parameters.items() if value is not None}
        self.outbox.put(DecisionReport(step, recommendation, decision))
        self.outbox.deliver(self.triage)
        return {"recommendation": recommendation}


@dataclass
class Orchestrator:
    """Runs process instances; `save` gives their state as text, which can be stored anywhere."""

    calls: TriageScriptEngine

    def __post_init__(self) -> None:
        registry = BpmnWorkflowSerializer.configure(SPIFF_CONFIG)
        self.serializer = BpmnWorkflowSerializer(registry)

    def start(self, process: Process, **known: Any) -> BpmnWorkflow:
        """Start an instance and run it until it waits for a person. known: its first variables."""
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
        """Return the user tasks that wait for a person."""
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
        """Complete a user task with a person's decision, and run the process on.

        Args:
            workflow: the instance.
            work: the task.
            decision: `approved`, `action` and `person`; `resolved_as` and `reason` where they
                apply.

        Raises:
            ValueError: the decision is incomplete; the task goes on waiting.
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
        """Return the name of the event that the process ended with; None while it runs."""
        if not workflow.is_completed():
            return None
        (end,) = workflow.get_tasks(state=TaskState.COMPLETED, spec_class=EndEvent)
        return str(end.task_spec.bpmn_name)

    def save(self, workflow: BpmnWorkflow) -> str:
        """Return the instance as JSON."""
        return str(self.serializer.serialize_json(workflow))

    def load(self, saved: str) -> BpmnWorkflow:
        """Restore a saved instance; steps keep their ids, and so their idempotency keys."""
        workflow = self.serializer.deserialize_json(saved)
        workflow.script_engine = self.calls
        return workflow
