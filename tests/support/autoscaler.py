"""The Horizontal Pod Autoscaler as Kubernetes documents its algorithm, for one external metric of average value."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import ceil
from typing import Any

TOLERANCE = 0.1  # Kubernetes' default
UP_PODS, UP_FACTOR, UP_PERIOD = 4, 2, 15  # its default policies of growing: the larger of both


@dataclass
class Autoscaler:
    """`step` returns how many pods there are to be after a look at the metric. Times in seconds."""

    scaled: Any  # the `spec` of a ScaledObject
    pods: int
    recommended: deque[tuple[float, int]] = field(default_factory=deque)
    removed: deque[float] = field(default_factory=deque)
    added: deque[tuple[float, int]] = field(default_factory=deque)  # when, and how many there were before

    def step(self, now: float, metric: float, threshold: float) -> int:
        requested = self._recommended(metric, threshold)
        window = self._down["stabilizationWindowSeconds"]
        self.recommended.append((now, requested))
        while self.recommended[0][0] < now - window:
            self.recommended.popleft()
        if requested > self.pods:
            self._grow(now, requested)
        else:
            self._shrink(now, max(each for _, each in self.recommended))
        return self.pods

    def _recommended(self, metric: float, threshold: float) -> int:
        ratio = metric / (threshold * self.pods)
        requested = self.pods if abs(ratio - 1) <= TOLERANCE else ceil(metric / threshold)
        return min(max(requested, self.scaled["minReplicaCount"]), self.scaled["maxReplicaCount"])

    def _grow(self, now: float, requested: int) -> None:
        before = [pods for at, pods in self.added if at > now - UP_PERIOD]
        base = min(before, default=self.pods)
        most = max(base + UP_PODS, base * UP_FACTOR)
        self.added.append((now, self.pods))
        while self.added[0][0] <= now - UP_PERIOD:
            self.added.popleft()
        self.pods = min(requested, most)

    def _shrink(self, now: float, stable: int) -> None:
        (policy,) = self._down["policies"]
        while self.removed and self.removed[0] <= now - policy["periodSeconds"]:
            self.removed.popleft()
        while self.pods > stable and len(self.removed) < policy["value"]:
            self.pods -= 1
            self.removed.append(now)

    @property
    def _down(self) -> Any:
        return self.scaled["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]
