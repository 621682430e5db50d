begin; select plan(12);
savepoint start;

-- Refuses a message of another conversation.
select tests.given_tale('owner');
select tests.given_conversation('other tale', 'owner', 'bot');
select tests.given_message('elsewhere', 'other tale');
select tests.make_user('stranger');
select tests.given_conversation('strange tale', 'stranger');
select tests.given_message('strange message', 'strange tale');
create temp table answers as select
  name, tests.call_begin('owner', 'a', conversation => conversation, parent => name) as as_parent,
  tests.call_begin('owner', 'a', conversation => conversation, reroll_of => name) as as_reroll from (values
  ('elsewhere', 'tale'), ('strange message', 'tale'), ('strange message', null), ('no message', null)
  ) as named (name, conversation);
select is(as_parent ->> 'code', 'message_not_found', name || ' is no parent') from answers;
select is(as_reroll, as_parent, name || ' is not regenerated') from answers;

rollback to start; -- Refuses a strangers conversation like one that does not exist.
select tests.given_tale('stranger');
select tests.make_user('owner');
select tests.given_bot('own bot', 'owner');
create temp table answers as select tests.call_begin('owner', 'a', conversation => 'tale') as strange,
  tests.call_begin('owner', 'a', conversation => 'no tale') as unknown,
  tests.call_begin('owner', 'a', conversation => 'tale', parent => 'first answer') as with_parent,
  tests.call_begin('owner', 'a', conversation => 'tale', reroll_of => 'first answer') as with_reroll;
select is(strange ->> 'code', 'conversation_not_found', 'a stranger''s conversation is not found') from answers;
select is(strange, unknown, 'it looks like an unknown one') from answers;
select is(with_parent, unknown, 'so it does if a message in it is named') from answers;
select is(with_reroll, unknown, 'or regenerated') from answers;

select * from finish(); rollback;
