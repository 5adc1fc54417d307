//! Why a revision of a figure came.

/// Why a revision of a figure came. Where several things came together, the last of them in this order is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// Something was delivered where nothing had been before.
    Delivery,
    /// What had been delivered was replaced.
    Correction,
    /// A delivery was taken back, or is refused now: what stood before it counts again, or nothing.
    Withdrawal,
    /// Somebody decided that the figure may be shown, or that it may not.
    Approval,
    /// Other municipalities belong to the region or comparison group.
    Groups,
    /// The definition of the indicator, of what it reads, or of who owes what is another.
    Definition,
}

impl Why {
    const ALL: [Self; 6] =
        [Self::Delivery, Self::Correction, Self::Withdrawal, Self::Approval, Self::Groups, Self::Definition];

    /// The word used in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivery => "delivery",
            Self::Correction => "correction",
            Self::Withdrawal => "withdrawal",
            Self::Approval => "approval",
            Self::Groups => "groups",
            Self::Definition => "definition",
        }
    }

    /// The reason of a word; `None` of one that nobody wrote down.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.as_str() == text)
    }
}
