"""From loads and prices to a bill of lines, and what to deploy for it. Pure."""

from dataclasses import dataclass
from math import ceil

from scanserve_cost.business import Business
from scanserve_cost.measured import Measured
from scanserve_cost.prices import Prices
from scanserve_cost.shapes import Shape
from scanserve_cost.ways import Load, Way, load_of

TASK_CPU, TASK_GIB, USED = 0.5, 1.0, 0.7  # the seed's half core, GiB and 70 %
FREE_OUT_GB, FREE_CDN_GB, FREE_LOG_GB, FREE_METRICS, FREE_ALARMS = 100.0, 1000.0, 5.0, 10, 10
WAF_RULES = 2
METRICS, ALARMS = 4, 15
GIB = 2**30
DATABASES = (  # vCPUs that a class may use for ever: a burstable one's baseline
    ("db.t4g.micro", 0.2),
    ("db.t4g.small", 0.4),
    ("db.t4g.medium", 0.4),
    ("db.t4g.large", 0.6),
    ("db.m7g.large", 2.0),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill, dollars a month; `how` says what it was made from."""

    name: str
    dollars: float
    how: str


@dataclass(frozen=True, slots=True)
class Bill:
    """`delivery` differs from way to way; `rest` is what all of them have."""

    way: Way
    poll_seconds: float | None
    delivery: tuple[Line, ...]
    rest: tuple[Line, ...]
    tasks: int
    database: str

    @property
    def delivery_total(self) -> float:
        """What keeping screens current costs."""
        return sum(line.dollars for line in self.delivery)

    @property
    def total(self) -> float:
        """All of it."""
        return self.delivery_total + sum(line.dollars for line in self.rest)


def bill(
    way: Way,
    business: Business,
    measured: Measured,
    prices: Prices,
    shape: Shape,
    *,
    poll_seconds: float,
    poll_bytes: float,
) -> Bill:
    """Make the bill of one way for one size."""
    load = load_of(way, business, measured, poll_seconds, poll_bytes)
    pushes = way in ("Socket.IO", "SSE")
    tasks = tasks_for(load, pushes=pushes)
    database = database_for(load.database_cpu, shape.database)
    return Bill(
        way=way,
        poll_seconds=None if pushes else poll_seconds,
        delivery=_delivery(load, business, prices, shape, tasks, database),
        rest=_rest(business, prices, shape),
        tasks=tasks,
        database=database,
    )


def tasks_for(load: Load, *, pushes: bool) -> int:
    """Say how many tasks a way adds. Polls go to the query API, of which two are there whichever way it is."""
    by_cpu = ceil(load.cpu_peak / (TASK_CPU * USED))
    by_memory = ceil(load.memory / (TASK_GIB * USED * GIB))
    return max(2, by_cpu, by_memory) if pushes else max(0, by_cpu - 2)


def database_for(cpu: float, least: str) -> str:
    """Choose the smallest class that has this much CPU in half of its baseline, from the shape's own on."""
    names = [name for name, _ in DATABASES]
    fitting = (name for name, baseline in DATABASES[names.index(least) :] if cpu <= baseline / 2)
    return next(fitting, DATABASES[-1][0])


def _delivery(
    load: Load, business: Business, prices: Prices, shape: Shape, tasks: int, database: str
) -> tuple[Line, ...]:
    out_gb = load.bytes_out / 1e9
    lcus = load.lcus(business.open_seconds)
    larger = prices.hourly(database) - prices.hourly(shape.database)
    waf = WAF_RULES * prices.monthly("waf.rule") + prices.monthly("waf.acl")
    waf += load.requests / 1e6 * prices.unit("waf.million")
    lcu_price = lcus * prices.hourly("alb.lcu") * business.open_hours / prices.hours_a_month
    return (
        Line(
            "servers", tasks * _task(prices, shape), f"{tasks} more" if tasks else "none more: the query API's two do"
        ),
        Line("load balancer", prices.hourly("alb") + lcu_price, f"{lcus:.2f} LCU in open hours"),
        Line("firewall", waf if shape.waf else 0.0, f"{load.requests / 1e6:.1f} M requests" if shape.waf else "none"),
        Line("data out", max(0.0, out_gb - FREE_OUT_GB) * prices.unit("out.gb"), f"{out_gb:,.0f} GB, 100 free"),
        Line("larger database", larger, database if larger else "as it is"),
    )


def _task(prices: Prices, shape: Shape) -> float:
    if shape.node is not None:  # they fit on the nodes, which are in the rest
        return 0.0
    return TASK_CPU * prices.hourly("fargate.vcpu.arm") + TASK_GIB * prices.hourly("fargate.gib.arm")


def _rest(business: Business, prices: Prices, shape: Shape) -> tuple[Line, ...]:
    log_gb = max(shape.log_gb, business.log_gb)
    lines = [*_compute(prices, shape), *_kafka(prices, shape, log_gb), *_data(prices, shape)]
    if shape.nats:
        nat = shape.nats * prices.hourly("nat") + shape.nat_gb * prices.unit("nat.gb")
        lines.append(Line("NAT", nat, f"{shape.nats}, {shape.nat_gb:.0f} GB"))
    cross = 2 * log_gb / max(1.0, business.months_kept) + 5.0
    lines += [
        Line("IPv4 addresses", shape.addresses * prices.hourly("ipv4"), f"{shape.addresses}"),
        Line("between zones", cross * prices.unit("cross-az.gb"), f"{cross:.0f} GB"),
        Line("images", _images(business, prices), f"{business.image_gb:.0f} GB kept, S3 and CloudFront"),
        Line(
            "CloudWatch", _watched(prices, shape), f"{METRICS} metrics, {ALARMS} alarms, {shape.logs_gb:.0f} GB of logs"
        ),
    ]
    return tuple(lines)


def _compute(prices: Prices, shape: Shape) -> list[Line]:
    if shape.node is not None:
        disks = shape.nodes * shape.node_gb * prices.monthly("ebs.gp3.gb")
        return [
            Line(
                "nodes",
                shape.nodes * prices.hourly(shape.node),
                f"{shape.nodes} x {shape.node}, Kafka and all services",
            ),
            Line("their disks", disks, f"{shape.nodes} x {shape.node_gb:.0f} GB"),
        ]
    lines = [Line("order-api, projector, query API", 6 * _task(prices, shape), "2 tasks each")]
    return [*lines, Line("EKS", prices.hourly("eks"), "control plane")] if shape.eks else lines


def _kafka(prices: Prices, shape: Shape, log_gb: float) -> list[Line]:
    if shape.broker is None:
        return [Line("the log's disks", 3 * log_gb * prices.monthly("ebs.gp3.gb"), f"3 x {log_gb:.0f} GB")]
    return [
        Line("MSK", 3 * prices.hourly(shape.broker), f"3 x {shape.broker}"),
        Line("the log's disks", 3 * log_gb * prices.monthly("msk.gb"), f"3 x {log_gb:.0f} GB"),
    ]


def _data(prices: Prices, shape: Shape) -> list[Line]:
    copies = 1 + shape.replicas + (1 if shape.multi_zone else 0)
    disks = copies * shape.database_gb * prices.monthly("rds.gp3.gb")
    said = f"{shape.database}, {shape.replicas} replicas" + (", two zones" if shape.multi_zone else "")
    lines = [Line("RDS", copies * prices.hourly(shape.database) + disks, f"{said}, {shape.database_gb:.0f} GB each")]
    return [*lines, Line("Valkey", prices.hourly(shape.cache), shape.cache)] if shape.cache else lines


def _images(business: Business, prices: Prices) -> float:
    out = max(0.0, business.image_gb * 5 - FREE_CDN_GB) * prices.unit("cloudfront.gb")
    return business.image_gb * prices.monthly("s3.gb") + out


def _watched(prices: Prices, shape: Shape) -> float:
    metrics = max(0, METRICS - FREE_METRICS) * prices.monthly("cloudwatch.metric")
    alarms = max(0, ALARMS - FREE_ALARMS) * prices.monthly("cloudwatch.alarm")
    return metrics + alarms + max(0.0, shape.logs_gb - FREE_LOG_GB) * prices.unit("logs.gb")
