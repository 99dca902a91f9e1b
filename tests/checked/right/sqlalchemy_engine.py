"""An engine of the module, and a session for each call."""
# needs sqlalchemy

from sqlalchemy import Column, Integer, create_engine, func, select
from sqlalchemy.orm import declarative_base, sessionmaker
from sqlalchemy.pool import StaticPool

ENGINE = create_engine(
    "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
)
Session = sessionmaker(ENGINE)
Base = declarative_base()


class Seen(Base):
    __tablename__ = "seen"
    id = Column(Integer, primary_key=True)
    item = Column(Integer)


Base.metadata.create_all(ENGINE)


def fetch(item):
    with Session() as session:
        return session.scalar(select(func.count(Seen.id)).where(Seen.item == item))
