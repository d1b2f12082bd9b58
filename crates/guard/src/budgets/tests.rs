use super::PlanBudgets;
use crate::parts::{Exhausted, Spend as _, Spending};
use crate::samples::plan;

fn spend(
    budgets: &PlanBudgets,
    subject: &str,
    operation: &str,
) -> Result<Option<String>, Exhausted> {
    budgets.spend(&Spending {
        subject,
        operation,
        now_ms: 0,
    })
}

fn exhausted(budget: &str, per_user: bool) -> Result<Option<String>, Exhausted> {
    Err(Exhausted {
        budget: budget.to_owned(),
        per_user,
        retry_after_seconds: 60,
    })
}

#[test]
fn an_endpoint_is_counted_per_subject_and_operation() {
    let budgets = PlanBudgets::new(&plan(&[]), "notes").unwrap();
    for left in ["moves: 2 left", "moves: 1 left", "moves: 0 left"] {
        assert_eq!(
            spend(&budgets, "1001", "moveNote"),
            Ok(Some(left.to_owned()))
        );
    }
    assert_eq!(
        spend(&budgets, "1001", "moveNote"),
        exhausted("moves", false)
    );
    assert_eq!(
        spend(&budgets, "1002", "moveNote"),
        Ok(Some("moves: 2 left".to_owned()))
    );
    assert_eq!(
        spend(&budgets, "1001", "readNote"),
        Ok(None),
        "nothing counts it"
    );
    let elsewhere = PlanBudgets::new(&plan(&[]), "indexer").unwrap();
    assert_eq!(
        spend(&elsewhere, "1001", "moveNote"),
        Ok(None),
        "another guard's budget"
    );
}
