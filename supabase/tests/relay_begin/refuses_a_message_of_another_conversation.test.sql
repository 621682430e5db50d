begin;
select plan(8);

select tests.given_tale('owner');
select tests.given_conversation('other tale', 'owner', 'bot');
select tests.given_message('elsewhere', 'other tale');
select tests.make_user('stranger');
select tests.given_conversation('strange tale', 'stranger');
select tests.given_message('strange message', 'strange tale');

create temp table answers as
select
  name, tests.call_begin('owner', 'a', conversation => conversation, parent => name) as as_parent,
  tests.call_begin('owner', 'a', conversation => conversation, reroll_of => name) as as_reroll
from (values
  ('elsewhere', 'tale'), ('strange message', 'tale'), ('strange message', null), ('no message', null)
) as named (name, conversation);

select is(as_parent ->> 'code', 'message_not_found', name || ' is no parent') from answers;
select is(as_reroll, as_parent, name || ' is not rerolled') from answers;

select * from finish();
rollback;
