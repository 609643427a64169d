//! The words of errors about Postgres: the host, the port, the cause and what to do; no password.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

use backchat_inbox::Ledger;
use backchat_tests::fault::TlsFault;
use backchat_tests::inbox::database::{Database, connect};
use backchat_tests::inbox::tls_proxy::TlsProxy;

const PASSWORD: &str = "canary-s3cret";

/// The error of opening `url`, which holds these words.
async fn says(url: &str, words: &[&str]) {
    let error = Ledger::open(url).await.unwrap_err();
    assert_eq!(error.code().as_str(), "store_unavailable", "{error}");
    let said = error.to_string();
    for word in words {
        assert!(said.contains(word), "no {word:?} in: {said}");
    }
    let all = format!("{error} {error:?} {error:#?}");
    assert!(!all.contains(PASSWORD), "{all}");
    assert!(!said.contains('\n'), "{said}");
}

fn with_password(address: &str, rest: &str) -> String {
    format!("postgres://backchat:{PASSWORD}@{address}/{rest}")
}

#[tokio::test]
async fn nobody_listens() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    says(
        &with_password(&address, "d"),
        &[&address, "refused the connection"],
    )
    .await;
    // Every host is named.
    let both = format!("{address},localhost:1");
    let url = with_password(&both, "d");
    says(&url, &[&address, "localhost:1 refused the connection"]).await;
}

#[tokio::test]
async fn no_such_host() {
    // Longer than a label of a name may be: no server is asked.
    let host = "h".repeat(70);
    let address = format!("{host}:6543");
    says(&with_password(&address, "d"), &[&address, "no such host"]).await;
}

#[cfg(unix)]
#[tokio::test]
async fn no_such_socket() {
    let url = with_password("", "d?host=/no/such/folder&port=7");
    says(&url, &["/no/such/folder/.s.PGSQL.7", "no such socket"]).await;
}

#[tokio::test]
async fn a_server_of_something_else() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            drop(connection);
        }
    });
    let url = with_password(&address, "d?sslmode=disable");
    says(&url, &[&address, "closed the connection"]).await;
}

#[tokio::test]
async fn a_server_that_says_nothing() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    says(
        &with_password(&address, "d"),
        &[&address, "does not answer"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_refuses() {
    let Some(database) = Database::new().await else {
        return;
    };
    let address = database.address();
    let none = with_password(address, "no_such_database");
    says(
        &none,
        &[address, "database \"no_such_database\" does not exist"],
    )
    .await;
    let nobody = format!("postgres://nobody:{PASSWORD}@{address}/postgres");
    says(&nobody, &[address, "role \"nobody\" does not exist"]).await;
    let limited = database.role("CONNECTION LIMIT 0").await;
    let url = database.url_of(&limited, "");
    says(&url, &[address, "has no session left", "`pool_size`"]).await;
    says(&database.url("&sslmode=require"), &[address, "TLS"]).await;
    says(
        &database.url("&channel_binding=require"),
        &[address, "channel binding"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password() {
    let Some(database) = Database::new().await else {
        return;
    };
    let address = database.address();
    let group = "SELECT count(*) FROM pg_roles WHERE rolname = 'backchat_password'";
    if database.integer(group).await == 0 {
        // Another test may make it at this moment.
        let client = connect(database.server()).await;
        let _there = client.batch_execute("CREATE ROLE backchat_password").await;
    }
    let role = database
        .role("PASSWORD 'right' IN ROLE backchat_password")
        .await;
    let wrong = database.url_of(&format!("{role}:{PASSWORD}"), "");
    let refused = format!("password authentication failed for user \"{role}\"");
    says(
        &wrong,
        &[address, "refused the user or the password", &refused],
    )
    .await;
    says(&database.url_of(&role, ""), &[address, "password missing"]).await;
    database
        .run(&format!(
            "GRANT ALL ON SCHEMA {} TO {role}",
            database.schema()
        ))
        .await;
    let right = database.url_of(&format!("{role}:right"), "");
    Ledger::open(&right).await.unwrap();
}

/// The URL by way of the proxy.
fn through(database: &Database, proxy: &TlsProxy, parameters: &str) -> String {
    let url = database.url(parameters);
    url.replacen(database.address(), &proxy.address().to_string(), 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates() {
    let Some(database) = Database::new().await else {
        return;
    };
    for (fault, words) in [
        (TlsFault::Expired, "certificate has expired"),
        (TlsFault::WrongHost, "certificate is for another name"),
        (TlsFault::UnknownAuthority, "an issuer that is not trusted"),
    ] {
        let proxy = TlsProxy::to(database.server(), fault, false).await.unwrap();
        let address = proxy.address().to_string();
        let verified = format!("&sslmode=verify-full&sslrootcert={}", proxy.file("ca.pem"));
        let url = through(&database, &proxy, &verified);
        says(&url, &[&address, "TLS", words]).await;
        for anyone in [
            "",
            "&sslmode=prefer",
            "&sslmode=no-verify",
            "&ssl=no-verify",
        ] {
            Ledger::open(&through(&database, &proxy, anyone))
                .await
                .unwrap();
        }
    }
    let proxy = TlsProxy::to(database.server(), TlsFault::Valid, false)
        .await
        .unwrap();
    let address = proxy.address().to_string();
    for platform in ["&sslmode=require", "&ssl=true", "&sslrootcert=system"] {
        let url = through(&database, &proxy, platform);
        says(
            &url,
            &[&address, "an issuer that is not trusted", "`sslrootcert`"],
        )
        .await;
    }
    let known = format!("&sslrootcert={}", proxy.file("ca.pem"));
    Ledger::open(&through(&database, &proxy, &known))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_the_client() {
    let Some(database) = Database::new().await else {
        return;
    };
    let proxy = TlsProxy::to(database.server(), TlsFault::Valid, true)
        .await
        .unwrap();
    let address = proxy.address().to_string();
    let root = format!("&sslrootcert={}", proxy.file("ca.pem"));
    says(&through(&database, &proxy, &root), &[&address]).await;
    let (certificate, key) = (proxy.file("client.pem"), proxy.file("client.key"));
    let identity = format!("{root}&sslcert={certificate}&sslkey={key}");
    Ledger::open(&through(&database, &proxy, &identity))
        .await
        .unwrap();
}
