begin;
select plan(5);

select tests.given_tale('owner');
select tests.make_user('friend');
select tests.make_user('stranger');
select tests.given_share('bot', 'friend');
select tests.call_begin('owner', 'first', conversation => 'tale');
create temp table before as select tests.everything() as everything;

select tests.sign_in_as('stranger');
select throws_ok(
  $$ select * from relay.counters $$, '42501', 'permission denied for schema relay', 'a stranger reads nothing'
);
select throws_ok(
  $$ insert into relay.counters select id, 1, 1 from relay.series $$,
  '42501', 'permission denied for schema relay', 'a stranger adds nothing'
);
select throws_ok(
  $$ update relay.counters set value = 5 $$,
  '42501', 'permission denied for schema relay', 'a stranger changes nothing'
);
select throws_ok(
  $$ delete from relay.counters $$, '42501', 'permission denied for schema relay', 'a stranger deletes nothing'
);
select tests.sign_out();
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish();
rollback;
