begin;
select plan(5);

select tests.given_tale('owner');
select tests.make_user('friend');
select tests.make_user('stranger');
select tests.given_share('bot', 'friend');
select tests.given_default_bot('bot', 'owner');
select tests.given_generation('first', 'owner', 'completed', 'tale');
create temp table before as select tests.everything() as everything;

select tests.sign_in_as('stranger');
select throws_ok(
  $$ select stream_id from relay.generations $$,
  '42501', 'permission denied for schema relay', 'the relay alone reads it'
);
select throws_ok(
  $$ insert into relay.generations (stream_id, user_id, model, worker_id, lease_expires_at)
    values ('forged', tests.id('owner'), 'model', 'worker', now()) $$,
  '42501', 'permission denied for schema relay', 'nothing is added'
);
select throws_ok(
  $$ update relay.generations set worker_id = 'changed' $$,
  '42501', 'permission denied for schema relay', 'nothing is changed'
);
select throws_ok(
  $$ delete from relay.generations $$,
  '42501', 'permission denied for schema relay', 'nothing is deleted'
);
select tests.sign_out();
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish();
rollback;
