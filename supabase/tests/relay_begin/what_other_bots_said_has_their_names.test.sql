begin; select plan(4);
select tests.given_tale('owner');
select tests.given_bot('Crow', 'owner');
update public.messages set bot_id = tests.key('bot') where id = tests.key('first answer');
update public.messages set bot_id = tests.key('Crow') where id = tests.key('second answer');
savepoint start;
select is(tests.call_begin('owner', 'a', 'And then?', conversation => 'tale', bot => 'Crow') -> 'context', '[
  {"role": "user", "content": "first question"}, {"role": "user", "content": "bot: first answer"},
  {"role": "user", "content": "second question"}, {"role": "assistant", "content": "second answer"},
  {"role": "user", "content": "And then?"}]', 'what a bot said itself is its own, what the other said the user''s');
select is(tests.call_begin('owner', 'b', continue_of => 'second answer', bot => 'bot') -> 'context', '[
  {"role": "user", "content": "first question"}, {"role": "assistant", "content": "first answer"},
  {"role": "user", "content": "second question"}, {"role": "assistant", "content": "second answer"}]',
  'what is continued becomes its own');

rollback to start; -- Names count, for they are sent.
create temp table asked as
  select tests.call_begin('owner', 'a', 'Why?', conversation => 'tale', bot => 'bot', max_context => 63) as answer;
select is(answer ->> 'characters', '64', 'with every character') from asked;

rollback to start; -- A bot without a name has that of its model.
update public.bots set name = ' ' where id = tests.key('Crow');
select is(tests.call_begin('owner', 'a', 'Why?', conversation => 'tale', bot => 'bot') -> 'context' -> 3 ->> 'content',
  'model of Crow: second answer', 'which is better than none');

select * from finish(); rollback;
