begin;
select plan(4);

select tests.given_tale('stranger');
select tests.make_user('owner');
select tests.given_bot('own bot', 'owner');

create temp table answers as
select
  tests.call_begin('owner', 'a', conversation => 'tale') as strange,
  tests.call_begin('owner', 'a', conversation => 'no tale') as unknown,
  tests.call_begin('owner', 'a', conversation => 'tale', parent => 'first answer') as with_parent,
  tests.call_begin('owner', 'a', conversation => 'tale', reroll_of => 'first answer') as with_reroll;

select is(strange ->> 'code', 'conversation_not_found', 'a stranger''s conversation is not found') from answers;
select is(strange, unknown, 'nothing tells it from an unknown one') from answers;
select is(with_parent, unknown, 'nor does naming a message that is in it') from answers;
select is(with_reroll, unknown, 'nor does rerolling one') from answers;

select * from finish();
rollback;
