//! Routes, and who may take them.

/// Who may take a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Anyone; nothing on the route is anyone's in particular.
    Anyone,
    /// A signed-in donor, or a guest with a guest token; the function itself checks which.
    Giver,
    /// Whoever holds the donation: its donor, or a guest with its access token; the function itself checks.
    Holder,
    /// A signed-in donor; the gateway checks the token.
    Donor,
    /// An operator; the gateway checks the token, the function the role.
    Operator,
    /// An operator or an auditor; the gateway checks the token, the function the role.
    Auditor,
    /// An approver, who agrees to what an operator asks; the gateway checks the token, the function the role.
    Approver,
    /// An operator, an approver or an auditor; the gateway checks the token, the function the role.
    Staff,
    /// A slaughterhouse, for what is its own, or an operator; the gateway checks the token, the function the role and whose it is.
    Slaughterhouse,
    /// A payment provider; the function itself checks authenticity.
    Provider,
}

impl Role {
    /// Whether the gateway's authorizer stands before the route.
    pub const fn is_checked_by_gateway(self) -> bool {
        match self {
            Role::Donor | Role::Operator | Role::Auditor | Role::Approver | Role::Staff | Role::Slaughterhouse => true,
            Role::Anyone | Role::Giver | Role::Holder | Role::Provider => false,
        }
    }
}

/// A route of the API as API Gateway names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// Method and path: `GET /v1/opportunities/{id}`.
    pub key: &'static str,
    /// Who may take it.
    pub role: Role,
}
