//! Words of other rooms, as the API's description has them.

use utoipa::ToSchema;

/// A role.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "the schema of the catalogue's own type")]
pub(crate) enum RoleWord {
    Viewer,
    Operator,
    Supervisor,
    Admin,
}
