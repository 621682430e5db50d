begin;
select plan(2);

select tests.given_tale('owner');
select tests.call_begin('owner', 'first', conversation => 'tale', fence => 'own');

select is(
  public.relay_finish('first', tests.id('own'), 'completed', 'stop', null, 'They lived.', null, null, null, null)
    ->> 'status', 'completed', 'who never beat does not count'
);
select is(content, 'They lived.', 'the message is what it brought') from public.messages where stream_id = 'first';

select * from finish();
rollback;
