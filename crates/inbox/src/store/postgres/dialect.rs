//! The shared values as Postgres writes them.

use std::error::Error as StdError;

use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::super::sql::{Dialect, Value};

pub(super) const DIALECT: Dialect = Dialect {
    now: "coalesce(?1::bigint, floor(extract(epoch FROM now()) * 1000000)::bigint)",
    parameter: "$",
    skip_locked: "FOR UPDATE OF l SKIP LOCKED",
};

type Failure = Box<dyn StdError + Sync + Send>;

impl ToSql for Value {
    fn to_sql(&self, wanted: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Integer(integer) => integer.to_sql(wanted, out),
            Value::Text(text) => text.as_ref().to_sql(wanted, out),
            Value::Bytes(bytes) => bytes.as_ref().to_sql(wanted, out),
        }
    }

    fn accepts(wanted: &Type) -> bool {
        <i64 as ToSql>::accepts(wanted)
            || <&str as ToSql>::accepts(wanted)
            || <&[u8] as ToSql>::accepts(wanted)
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(found: &Type, raw: &'a [u8]) -> Result<Self, Failure> {
        Ok(match *found {
            Type::INT8 => i64::from_sql(found, raw)?.into(),
            Type::INT4 => i64::from(i32::from_sql(found, raw)?).into(),
            Type::BYTEA => <&[u8]>::from_sql(found, raw)?.into(),
            _ => <&str>::from_sql(found, raw)?.into(),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Failure> {
        Ok(Value::Null)
    }

    fn accepts(found: &Type) -> bool {
        matches!(*found, Type::INT8 | Type::INT4 | Type::BYTEA | Type::TEXT)
    }
}
