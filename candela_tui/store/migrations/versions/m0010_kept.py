"""How much of an exchange is stored besides its facts."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the column; NULL stands for everything."""
    op.add_column("exchanges", sa.Column("kept", sa.Text))
