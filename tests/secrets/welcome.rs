//! What a newcomer is told who starts the server without any setting, and who has been told enough.

use meetpoint_scorecard::{Goal, figure};

use crate::support::server::Server;

/// The warnings of a server that was started like this which name the variable.
async fn warnings_of(variable: &str, settings: &[(&str, &str)]) -> Vec<String> {
    let server = Server::with(settings).await;
    // Whatever is said at the start has been said before this is answered.
    let asked = crate::support::http::get(server.address, "/healthz").await;
    assert_eq!(asked.status, 200);
    server.log().into_iter().filter(|line| line.contains("\"WARN\"") && line.contains(variable)).collect()
}

async fn warnings(settings: &[(&str, &str)]) -> Vec<String> {
    warnings_of("ALLOWED_ORIGIN", settings).await
}

#[tokio::test]
async fn a_secret_that_may_be_guessed_is_worth_one_line_that_does_not_repeat_it() {
    let told = warnings_of("ADMIN_TOKEN", &[("HOST", "127.0.0.1"), ("ADMIN_TOKEN", "hunter2")]).await;
    assert!(told.len() == 1 && told[0].contains("128 bits") && !told[0].contains("hunter2"), "{told:?}");
    figure("A14", "lines about a secret that may be guessed", told.len() as f64, "", Goal::Exactly(1.0));
}

#[tokio::test]
async fn an_address_that_strangers_may_find_and_any_page_is_worth_one_plain_line() {
    for host in ["0.0.0.0", "::"] {
        for settings in [&[][..], &[("ALLOWED_ORIGIN", "*")], &[("ALLOWED_ORIGIN", "https://a.example,*")]] {
            let told = warnings(&[&[("HOST", host)], settings].concat()).await;
            assert_eq!(told.len(), 1, "{host} {settings:?}: {told:?}");
            assert!(told[0].contains("\"WARN\"") && told[0].contains("ALLOWED_ORIGIN=https://"), "{told:?}");
        }
    }
    figure("A14", "lines about a server that is open to every page", 1.0, "", Goal::Exactly(1.0));
}

#[tokio::test]
async fn nobody_is_warned_of_what_cannot_happen() {
    for settings in [
        &[("HOST", "127.0.0.1")][..],
        &[("HOST", "::1")],
        &[("HOST", "0.0.0.0"), ("ALLOWED_ORIGIN", "https://a.example")],
        &[("HOST", "0.0.0.0"), ("ALLOWED_ORIGIN", "https://*.example.com")],
        &[("HOST", "0.0.0.0"), ("DEV", "false")],
    ] {
        assert_eq!(warnings(settings).await, Vec::<String>::new(), "{settings:?}");
    }
}
