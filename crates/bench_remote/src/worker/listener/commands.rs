//! The control commands of a listener.

use std::sync::mpsc::Sender;

use control::{Answer, Call, Command, Format, Outcome, State};
use serde_json::json;

use super::Order;
use super::board::{Board, View, inspected};
use crate::worker::bell::Bell;

/// `run/list`, `run/show`, `run/stop`.
pub(super) fn all(board: &Board, orders: &Sender<Order>, bell: &Bell) -> Vec<Command> {
    let (listed, shown, stopped) = (board.clone(), board.clone(), board.clone());
    let (orders, bell) = (orders.clone(), bell.clone());
    vec![
        Command::new("run/list", "", 0..=0, move |call| Ok(list(&listed.views(), call))),
        Command::new("run/show", "SESSION", 1..=1, move |call| show(&shown, call)),
        Command::new("run/stop", "SESSION", 1..=1, move |call| {
            let view = find(&stopped, call)?;
            if view.stage.is_over() {
                return Err(format!("session {} is over", view.number));
            }
            let reason = "an operator says so (run/stop)".to_owned();
            let _ = orders.send(Order::Stop { session: view.number, reason });
            bell.ring();
            Ok(Answer::Text(String::new()))
        }),
    ]
}

fn find(board: &Board, call: &Call<'_>) -> Result<View, String> {
    let text = call.argument(0).unwrap_or_default();
    let known = || {
        let numbers: Vec<String> = board.views().iter().map(|view| view.number.to_string()).collect();
        if numbers.is_empty() { "there is none".to_owned() } else { format!("there is {}", numbers.join(", ")) }
    };
    let view = text.parse().ok().and_then(|number| board.view(number));
    view.ok_or_else(|| format!("no session {text:?}: {}", known()))
}

fn list(views: &[View], call: &Call<'_>) -> Answer {
    if call.format() == Format::Json {
        let entry = |view: &View| {
            json!({
                "session": view.number, "front_end": view.peer, "state": view.stage.words(), "jobs": view.jobs,
                "protocol_version": view.version,
            })
        };
        return Answer::Json(views.iter().map(entry).collect());
    }
    let mut text = String::new();
    for view in views {
        let jobs = view.jobs.join(", ");
        text.push_str(&format!("{:>5}  {:<22} {:<20} {jobs}\n", view.number, view.peer, view.stage.words()));
    }
    Answer::Text(text)
}

fn show(board: &Board, call: &Call<'_>) -> Outcome {
    let view = find(board, call)?;
    let state = State::of(&inspected(view), "").map_err(|error| error.to_string())?;
    Ok(match call.format() {
        Format::Json => Answer::Json(serde_json::to_value(&state).unwrap_or_default()),
        Format::Text => Answer::Text(state.to_string()),
    })
}
