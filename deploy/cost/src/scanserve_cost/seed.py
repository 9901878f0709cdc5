"""The seed's own figures, as data, and where they do not add up. Pure."""

from dataclasses import dataclass

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Size:
    """One of the seed's three tables: its lines and its total, dollars a month."""

    name: str
    restaurants: tuple[int, int]
    lines: tuple[tuple[str, Range], ...]
    total: Range


SIZES = (
    Size(
        "small",
        (10, 20),
        (
            ("EC2 (2 x t3.medium)", (60, 80)),
            ("RDS (t3.micro)", (15, 25)),
            ("Load Balancer", (20, 20)),
            ("Data Transfer", (10, 20)),
        ),
        (105, 145),
    ),
    Size(
        "medium",
        (50, 100),
        (
            ("EC2 (3 x t3.large)", (200, 300)),
            ("RDS (t3.small + read replica)", (100, 150)),
            ("Load Balancer", (25, 25)),
            ("S3 + CloudFront", (20, 30)),
            ("Data Transfer", (50, 75)),
        ),
        (395, 580),
    ),
    Size(
        "large",
        (200, 200),
        (
            ("ECS Fargate", (400, 600)),
            ("RDS (t3.medium + replicas)", (300, 450)),
            ("ElastiCache Redis", (50, 100)),
            ("Load Balancer + WAF", (50, 75)),
            ("S3 + CloudFront", (50, 100)),
            ("Data Transfer", (100, 150)),
        ),
        (950, 1475),
    ),
)
SOCKETS: Range = (400, 800)  # "100 restaurants", the headline
POLLING: Range = (850, 1700)
CLAIMED: Range = (0.50, 0.60)


def summed(size: Size) -> Range:
    """Add a table's lines up."""
    return sum(low for _, (low, _) in size.lines), sum(high for _, (_, high) in size.lines)


def savings() -> Range:
    """Say what the headline's two ranges save, end by end."""
    return 1 - SOCKETS[0] / POLLING[0], 1 - SOCKETS[1] / POLLING[1]


def quarrels(t3_large: float, t3_medium: float, task: float) -> list[str]:
    """List what does not add up, given what a month of these costs: two instances and the seed's own task."""
    low, high = savings()
    medium = SIZES[1].total
    added = [size.name for size in SIZES if summed(size) == size.total]
    surplus = 2 * (0.70 - 0.20) * 0.05 * 730
    return [
        f"The lines of {', '.join(added)} do add up to their totals.",
        f"$400 of $850 and $800 of $1700 save {low:.1%} and {high:.1%}: one figure, where it says 50-60 %.",
        f"100 restaurants cost ${SOCKETS[0]:.0f}-{SOCKETS[1]:.0f} in the headline and "
        f"${medium[0]:.0f}-{medium[1]:.0f} in the table; nothing is said of 21-49 and 101-199.",
        f"Three t3.large are ${3 * t3_large:.0f}, where it says $200-300.",
        f"Fargate at $400-600 buys {400 / task:.0f}-{600 / task:.0f} of its own half-core tasks; "
        f"its own maximum of five costs ${5 * task:.0f}.",
        f"70 % CPU is far above the baseline of a burstable instance (20 %): a t3.medium at ${t3_medium:.2f} "
        f"is then charged ${surplus:.2f} of surplus credits.",
        "Kafka, NAT, disks of instances, IPv4 addresses, CloudWatch and traffic between zones have no line.",
        "No polling interval, screen count or payload is given, so that its polling figure can't be made again.",
    ]
