//! An order, owned and in the words of the system. Called by `execution` for each `Open`. Pure.

use crate::fault::Fault;
use crate::raw::Image;
use crate::user::{User, Users};
use crate::wanted::Wanted;
use runnel_link::{Bounds, OpenOrder, Task};
use std::ffi::{CString, NulError};

pub(crate) struct Order {
    pub(crate) work: Work,
    pub(crate) bounds: Bounds,
    /// Of what it leaves; a compile step leaves its product.
    pub(crate) harvest: Option<Wanted>,
}

pub(crate) enum Work {
    Run(Program),
    Pack,
}

pub(crate) struct Program {
    pub(crate) image: Image,
    pub(crate) user: User,
    pub(crate) stdio: Kind,
}

/// What a program reads from and writes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    WithoutInput,
    Pipes,
    Terminal,
}

impl Order {
    /// The inner error is the job's own fault, in words.
    pub(crate) fn parse(order: &OpenOrder<'_>, users: Users) -> Result<Result<Self, String>, Fault> {
        let OpenOrder { task, env, bounds, base: _, keep: _, harvest } = order;
        let harvest = harvest.as_ref().map(Wanted::parse);
        let (argv, user, stdio, harvest) = match task {
            Task::Guest { .. } => return Err(Fault::Rules("asked for a guest, which only cells have")),
            Task::Pack => return Ok(Ok(Self { work: Work::Pack, bounds: *bounds, harvest: None })),
            Task::Compile { argv } => (argv, users.compile, Kind::WithoutInput, None),
            Task::Command { argv, terminal: false } => (argv, users.run, Kind::Pipes, harvest),
            Task::Command { argv, terminal: true } => (argv, users.run, Kind::Terminal, harvest),
        };
        let Some(name) = argv.first() else { return Err(Fault::Rules("asked for a command without a name")) };
        let image = image(name, argv, env);
        let program = image.map(|image| Self { work: Work::Run(Program { image, user, stdio }), bounds: *bounds, harvest });
        Ok(program.map_err(|_| format!("`{}` can't be started: a zero byte in its arguments", name.replace('\0', "\\0"))))
    }
}

fn image(name: &str, argv: &[&str], env: &[(&str, &str)]) -> Result<Image, NulError> {
    let path = env.iter().find(|(variable, _)| *variable == "PATH").map(|(_, value)| *value);
    Ok(Image {
        paths: candidates(name, path).into_iter().map(CString::new).collect::<Result<_, _>>()?,
        argv: argv.iter().map(|&word| CString::new(word)).collect::<Result<_, _>>()?,
        env: env.iter().map(|(name, value)| CString::new(format!("{name}={value}"))).collect::<Result<_, _>>()?,
    })
}

/// Where a command of this name may be, as `execvp` has it.
fn candidates(name: &str, path: Option<&str>) -> Vec<String> {
    if name.contains('/') {
        return vec![name.to_owned()];
    }
    if name.is_empty() {
        return Vec::new();
    }
    let folders = path.into_iter().flat_map(|path| path.split(':'));
    folders.map(|folder| if folder.is_empty() { format!("./{name}") } else { format!("{folder}/{name}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use runnel_link::Harvest;
    use std::time::Duration;

    const USERS: Users = Users { compile: User(7), run: User(8) };

    fn parse(task: Task<'_>) -> Result<Result<Order, String>, Fault> {
        let second = Duration::from_secs(1);
        let bounds = Bounds { time: second, wall: second, memory_bytes: 1, output_bytes: 1, file_bytes: 1, file_count: 1, processes: 1 };
        Order::parse(
            &OpenOrder {
                task,
                env: vec![("PATH", "/bin:/usr/bin"), ("A", "b=c")],
                bounds,
                base: None,
                keep: None,
                harvest: Some(Harvest::All),
            },
            USERS,
        )
    }

    #[test]
    fn commands_are_looked_up_as_the_shell_does() {
        assert_eq!(candidates("cc", Some("/bin:/usr/bin")), ["/bin/cc", "/usr/bin/cc"]);
        assert_eq!(candidates("cc", Some("/bin::")), ["/bin/cc", "./cc", "./cc"]);
        assert_eq!(candidates("./a", Some("/bin")), ["./a"]);
        assert_eq!(candidates("/box/bin/main", None), ["/box/bin/main"]);
        assert_eq!(candidates("cc", None), [""; 0]);
        assert_eq!(candidates("", Some("/bin")), [""; 0]);
    }

    #[test]
    fn tasks_have_their_user_and_their_pipes() {
        let Ok(Ok(Order { work: Work::Run(program), .. })) = parse(Task::Compile { argv: vec!["cc", "-x"] }) else { panic!() };
        assert_eq!((program.user, program.stdio), (User(7), Kind::WithoutInput));
        assert_eq!(program.image.argv, [c"cc".to_owned(), c"-x".to_owned()]);
        assert_eq!(program.image.env, [c"PATH=/bin:/usr/bin".to_owned(), c"A=b=c".to_owned()]);
        let Ok(Ok(Order { work: Work::Run(program), .. })) = parse(Task::Command { argv: vec!["a"], terminal: true }) else { panic!() };
        assert_eq!((program.user, program.stdio), (User(8), Kind::Terminal));
    }

    #[test]
    fn compile_steps_leave_their_product_only() {
        let harvest = |task| parse(task).ok().and_then(Result::ok).map(|order| order.harvest);
        assert_eq!(harvest(Task::Command { argv: vec!["a"], terminal: false }), Some(Some(Wanted::All)));
        assert_eq!(harvest(Task::Compile { argv: vec!["a"] }), Some(None));
        assert_eq!(harvest(Task::Pack), Some(None));
    }

    #[test]
    fn zero_bytes_are_the_jobs_fault_and_the_rest_is_the_servers() {
        assert!(matches!(parse(Task::Command { argv: vec!["a", "b\0"], terminal: false }), Ok(Err(_))));
        assert!(matches!(parse(Task::Command { argv: vec![], terminal: false }), Err(Fault::Rules(_))));
        assert!(parse(Task::Guest { guest: "python", main: "m", args: vec![], deterministic: None }).is_err());
    }
}
