begin;
select plan(2);

select tests.make_user('owner');
select is(tests.all_counted(), '{}', 'nothing');
select tests.given_generation('a', 'owner');
select tests.given_generation('b', 'owner');
select tests.given_generation('c', 'owner', 'completed');
select tests.given_expired('d', 'owner');
select is(
  tests.all_counted(), '{"active_generations": 2, "expired_generations": 1}', 'what waits for a sweep does not run'
);

select * from finish();
rollback;
