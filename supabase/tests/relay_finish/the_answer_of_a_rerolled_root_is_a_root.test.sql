begin;
select plan(2);

select tests.given_tale('owner');
select tests.given_conversation('greeting', 'owner', 'bot');
select tests.given_message('Welcome!', 'greeting', by_user => false);
select tests.given_active_leaf('greeting', 'Welcome!');
select tests.call_begin('owner', 'first', reroll_of => 'Welcome!');
select tests.call_finish('first', 'Come in!');

select set_eq(
  $$ select content from public.messages where conversation_id = tests.id('greeting') and parent_id is null $$,
  array['Welcome!', 'Come in!'], 'both are roots'
);
select is(tests.leaf_of('greeting'), 'Come in!', 'the active leaf moves to the new one');

select * from finish();
rollback;
